"""Running: memory and code, ready to compute."""
