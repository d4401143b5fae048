"""Ready-made structures on per-CPU storage: one file each, written in the language."""
