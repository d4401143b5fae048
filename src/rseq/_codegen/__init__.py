"""Operations and assembly -> LLVM's input -> object file -> blob."""
