"""The plan: in which order, and where in memory, a tape is computed."""
