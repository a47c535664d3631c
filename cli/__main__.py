"""`python -m pluggrad.cli` is the command `pluggrad`."""

from .command import main

raise SystemExit(main())
