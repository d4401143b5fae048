@ put() cannot be made for armv7l: len(data) is a u64, and registers have 32 bits there; use i32 or u32
