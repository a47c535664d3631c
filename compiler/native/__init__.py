"""Machine code of this process: LLVM, and what is kept on disk."""
