"""OpenTelemetry's metrics in a segment, exported once for all processes that have it open.

kept.py         how streams are kept: kinds of entries, types of series, words
sdk.py          what is asked of the SDK beside its public names
attributes.py   attributes as labels, which are texts, and back
streams.py      a stream: what an instrument's measurements become, and a cell for each set of attributes
cells.py        what a measurement does to the segment
instruments.py  instruments and meters: the SDK's, with measurements that go into cells
readings.py     all streams in a segment, and their numbers
points.py       from there to the SDK's data points
observed.py     what callbacks of this process say
rounds.py       what has been exported, so that nothing is lost or sent twice when an exporter is killed
exporting.py    which process exports, and its thread
provider.py     the MeterProvider
"""
