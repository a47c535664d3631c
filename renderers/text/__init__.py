"""The renderer "text": trees for the terminal."""
