"""What stands for arrays of Values where NumPy is not installed: it says so when it is called."""

from __future__ import annotations

from typing import Any, NoReturn


class ValueArray:
    """Nothing is one without NumPy."""

    def __new__(cls, *args: Any, **named: Any) -> NoReturn:
        """Refuse to make one."""
        raise _missing("an array of Values")


def values(*args: Any, **named: Any) -> NoReturn:
    """Refuse to make an array."""
    raise _missing("pluggrad.values()")


def _missing(what: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(
        f"{what} needs NumPy, which is not installed: pip install numpy. Without it, "
        "[Value(x) for x in numbers] is a list of Values",
        name="numpy",
    )
