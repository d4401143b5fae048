"""Inside of `rseq.numba`: what Numba's compiler is taught."""

from rseq._once import load

load("numba")  # first, so that one sentence says what brings it
