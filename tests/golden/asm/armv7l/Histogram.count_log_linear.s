@ count_log_linear() cannot be made for armv7l: bits is an i64, and registers have 32 bits there; use i32 or u32
