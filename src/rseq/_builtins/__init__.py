"""Built-in functions and methods for Python around machine code: arguments in, results or exceptions out."""
