"""Inside of `rseq.numba`: what Numba's compiler is taught."""
