"""Lowering: an op's functions as LLVM functions on floats."""
