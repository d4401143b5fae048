@ maximum() cannot be made for armv7l: n is an i64, and registers have 32 bits there; use i32 or u32
