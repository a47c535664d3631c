"""The renderer "svg": pictures that need nothing but what `pip install` brought."""
