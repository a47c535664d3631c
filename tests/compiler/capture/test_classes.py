"""A compiled function may call what compares classes of its own."""

from dataclasses import dataclass

import numpy as np
from pluggrad import compile


@dataclass
class Settings:
    """Its `__eq__`, which Python writes, compares classes."""

    scale: float = 3.0


def scaled(x):
    same = Settings() == Settings()
    return Settings().scale * x + len(np.array_repr(np.ones(2))) + same


def test_libraries_and_data_classes_may_compare_classes():
    assert compile(scaled).grad(2.0) == 3.0
