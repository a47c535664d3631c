"""Record once, replay fast: programs from recorded graphs."""
