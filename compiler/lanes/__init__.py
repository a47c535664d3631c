"""Functions of many lanes as one loop over vectors, with vector functions of our own."""
