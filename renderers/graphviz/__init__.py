"""The renderers "graphviz" and "dot": pictures laid out by Graphviz, and their source."""
