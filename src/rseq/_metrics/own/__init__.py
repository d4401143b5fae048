"""`rseq.metrics`: metrics with prometheus_client's names, whose hot methods are machine code.

names.py    what things may be called            code.py     what counts, written in the language
metric.py   what all metrics share               forms.py    from there to machine code; exemplars
kinds.py    the six of them                      octaves.py  exponential bounds
timing.py   what is put around code
"""
