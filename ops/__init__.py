"""The built-in operations, grouped like a maths book; each takes floats or Values."""
