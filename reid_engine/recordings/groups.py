"""A recorder's export as cameras: what each file is called after, which are the same, where a camera saw nothing.

Pure functions over names, sizes and times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from reid_engine.clock import SECOND_US
from reid_engine.recordings.start import StartTime

LEAST_GAP_US = 2 * SECOND_US  # recorders lose a second between two files


@dataclass(frozen=True, slots=True)
class Coverage:
    """When one camera saw anything; all are spans (from, to) in microseconds, rising.

    spans:    without holes, overlapping recordings joined
    gaps:     between them
    overlaps: seen by two recordings or more
    """

    spans: tuple[tuple[int, int], ...] = ()
    gaps: tuple[tuple[int, int], ...] = ()
    overlaps: tuple[tuple[int, int], ...] = ()


def proposed_camera(path: Path, start: StartTime | None) -> str:
    """What to call the camera of a file: by its name, by its folder where the name is only a time or a number."""
    if start is not None and start.camera:
        return start.camera
    plain = start is None and any(sign.isalpha() for sign in path.stem)
    return path.stem if plain or not path.parent.name else path.parent.name


def coverage(spans: Iterable[tuple[int, int]], least_gap_us: int = LEAST_GAP_US) -> Coverage:
    """Recordings of one camera to what they cover together; holes shorter than ``least_gap_us`` are none."""
    joined: list[tuple[int, int]] = []
    overlaps: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if not joined or first - joined[-1][1] >= least_gap_us:
            joined.append((first, last))
            continue
        if first < joined[-1][1]:
            overlaps.append((first, min(last, joined[-1][1])))
        joined[-1] = joined[-1][0], max(joined[-1][1], last)
    gaps = tuple((one[1], other[0]) for one, other in pairwise(joined))
    return Coverage(tuple(joined), gaps, _joined(overlaps))


def _joined(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    return coverage(spans, 1).spans if spans else ()


def same_content(
    sizes: Mapping[Path, int], known: Mapping[tuple[int, str], str], digest: Callable[[Path], str]
) -> dict[Path, str]:
    """Files whose bytes are those of an earlier one: path to the name of that one.

    sizes:  bytes of each file, in the order in which they count as earlier
    known:  (bytes, SHA-256) to name of what is in the case
    digest: a file's SHA-256; asked only for files that share their size with another
    """
    counted: dict[int, int] = {}
    for size in [*sizes.values(), *(size for size, _ in known)]:
        counted[size] = counted.get(size, 0) + 1
    seen = dict(known)
    found: dict[Path, str] = {}
    for path, size in sizes.items():
        if counted[size] > 1:
            key = size, digest(path)
            if key in seen:
                found[path] = seen[key]
            seen.setdefault(key, path.name)
    return found
