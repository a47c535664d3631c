"""What is wrong, and what to write instead: the engine asks here when something is not right."""
