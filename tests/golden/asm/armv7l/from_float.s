@ from_float() cannot be made for armv7l: `%result = u64(x)` computes in u64, and registers have 32 bits there; use i32 or u32
