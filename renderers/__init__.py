"""The built-in renderers, one file each."""
