"""An example of a package that adds to pluggrad: two operations and a renderer."""
