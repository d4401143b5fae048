"""prometheus_client's metrics in a segment.

blocks.py       structures of this room in a segment: by name, and whoever finds the name taken makes another one
series.py       counters, histograms and summaries: numbers that are added to
gauges.py       gauges: a line for each process
states.py       Info and Enum: the last that was said
exemplars.py    the last exemplar of a number
store.py        a segment with metrics in it: what this process makes there, and what is read
reading.py      all that is in the segment, read again and again
families.py     from there to prometheus_client's samples; native.py, native histograms
own/            rseq.metrics, whose hot methods are machine code
client.py       what takes the place of parts of prometheus_client
installed.py    puts it there, once, and moves what has been counted before
command.py      `rseq run`; supervisor.py is its process, site/ what its children begin with
"""
