"""The one door to numba: functions over plain arrays become machine code, kept on disk between processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` as machine code; the first call of a new version compiles it (seconds), later processes load it."""
    made: Callable[P, R] = numba.njit(cache=True, fastmath=True, error_model="numpy", nogil=True)(function)
    return made
