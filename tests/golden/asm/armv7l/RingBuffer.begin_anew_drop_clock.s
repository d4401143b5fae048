@ begin_anew() cannot be made for armv7l: size is a u64, and registers have 32 bits there; use i32 or u32
