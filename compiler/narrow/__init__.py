"""Narrow programs: the repeated body of a recording, as straight-line code that runs in a loop."""
