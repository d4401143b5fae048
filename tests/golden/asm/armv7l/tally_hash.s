@ tally_hash() cannot be made for armv7l: its commit to cpu.table[key * 11400714819323198485 >> 61] has 8 bytes, and no more than 4 are stored in one piece there; commit to a narrower field
