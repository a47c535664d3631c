"""Code: kernels, and the instructions that tell them what to do."""
