"""The renderer "latex": formulas."""
