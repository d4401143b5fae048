@ add_sum() cannot be made for armv7l: its commit to cpu.sum has 8 bytes, and 32-bit arm without LPAE stores no more than 4 in one piece; commit an f32 or an integer of at most 32 bits
