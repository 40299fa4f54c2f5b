"""What a setting may be: the words that its dataclass lists, numbers within reason, tuples of the right length.

Values come from a command line; a word that nobody listed would otherwise train with whatever the code falls back to.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from inspect import get_annotations
from typing import Any, Literal, get_args, get_origin, get_type_hints

from reid_engine.errors import SettingsError

POSITIVE = frozenset({"identities", "per_identity", "min_frames", "frame_batch", "clip_length", "input_size"})
SHARES = frozenset(
    {"flip", "keep", "erase", "relight", "warmup", "final_lr", "momentum", "smoothing", "leak", "oim_momentum"}
)


def refuse_unfit(settings: object, names: Iterable[str]) -> None:
    """Raise SettingsError for the first of ``names`` whose value its dataclass cannot mean."""
    hints = _hints(type(settings))
    for name in names:
        value, hint = getattr(settings, name), hints.get(name, Any)
        if not _fits(hint, value):
            raise SettingsError(f"{name} is {_told(hint)}, got {value!r}")
        low, high = 1 if name in POSITIVE else 0, 1 if name in SHARES else math.inf
        if name == "micro_batch" and value % 2:
            raise SettingsError(f"micro_batch is 0 (all clips) or even, so that pairs stay together, got {value!r}")
        numbers = [one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, int | float)]
        if not all(low <= one <= high and math.isfinite(one) for one in numbers):
            raise SettingsError(
                f"{name} is {f'from {low} to {high}' if high == 1 else f'at least {low}'}, got {value!r}"
            )


def _hints(kind: type) -> Mapping[str, Any]:
    """Annotations by name; where a recipe writes Any, what the class below it says."""
    found: dict[str, Any] = {}
    for one in reversed(kind.__mro__):
        own = get_annotations(one)
        found |= {name: hint for name, hint in get_type_hints(one).items() if name in own and hint is not Any}
    return found


def _fits(hint: Any, value: Any) -> bool:
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Literal:
        return value in inside
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        kinds = inside[:1] * len(value) if inside[-1] is Ellipsis else inside
        return len(kinds) == len(value) and all(map(_fits, kinds, value))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint in (int, str, bool, type(None)):
        return type(value) is hint
    return not inside or any(_fits(one, value) for one in inside)


def _told(hint: Any) -> str:
    """A kind of value in words."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Literal:
        return ", ".join(map(str, inside[:-1])) + f" or {inside[-1]}"
    if origin is tuple:
        return (
            f"a list, {_told(inside[0])} each"
            if inside[-1] is Ellipsis
            else f"{len(inside)} values, {_told(inside[0])} each"
        )
    plain = {int: "a whole number", float: "a number", str: "a word", bool: "true or false", type(None): "None"}
    return plain.get(hint, " or ".join(map(_told, inside)) if inside else "another kind of value")
