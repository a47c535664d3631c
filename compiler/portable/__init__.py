"""Recordings as data: JSON that another process, or another program, reads."""
