"""Capture: what a function does while it runs on Values, and what it got to know."""
