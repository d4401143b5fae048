"""`rseq.metrics`: metrics with prometheus_client's names, whose hot methods are machine code.

names.py    what things may be called            code.py     what counts, written in the language
metric.py   what all metrics share               forms.py    from there to machine code; exemplars
kinds.py    counters, summaries, histograms      octaves.py  exponential bounds
gauge.py    gauges; gauge_code.py, their code    said.py     Info and Enum
timing.py   what is put around code
"""
