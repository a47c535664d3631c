"""Running a function while somebody watches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pluggrad.recording import watched_by

from .slots import seen_from_outside


def watched(looks: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function while `looks` sees what it does; where it is interrupted, nobody looks on."""
    watching, looking = watched_by(looks), seen_from_outside()
    try:
        with watching, looking:
            result = function(*args, **kwargs)
    except Exception as cause:
        for error in looks.refused:  # and this came of it
            raise error from (None if error is cause else cause)
        raise
    finally:
        watching.close()
        looking.close()
        looks.ended()
    for error in looks.refused:  # and the program went on in a way of its own
        raise error
    return result
