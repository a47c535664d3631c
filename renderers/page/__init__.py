"""The renderer "html": a graph as one interactive page."""
