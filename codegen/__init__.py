"""Python that is written for ops: their methods, and the code of their gradients."""
