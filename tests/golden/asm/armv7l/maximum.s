@ maximum() cannot be made for armv7l: its commit to cpu.most has 8 bytes, and no more than 4 are stored in one piece there; commit to a narrower field
