"""The built-in renderers: a file each, or a folder for a picture of many parts."""
