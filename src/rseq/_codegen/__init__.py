"""Operations and assembly -> LLVM's input -> object file -> blob."""

from rseq._once import load

load("llvmlite")  # first, so that one sentence says what brings it
