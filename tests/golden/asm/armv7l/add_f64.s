@ add() cannot be made for armv7l: its commit to cpu.value has 8 bytes, of which 32-bit arm without LPAE stores 4 at a time; commit an f32 or an integer of at most 32 bits
