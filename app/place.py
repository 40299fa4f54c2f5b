"""Where somebody is in an open case, so that the same case laid out anew can be entered at the same place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from app.desk import Query
from app.widgets.chips import Value
from reid_engine.types import CameraId, Seen

if TYPE_CHECKING:
    from app.picture_verdicts import PictureVerdicts


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a player stands. time_us: corrected UTC; most: tiles at once; marked, selected: tracklets"""

    time_us: int
    most: int
    shown: tuple[CameraId, ...]
    alone: CameraId | None
    focus: CameraId | None
    marked: int | None
    selected: int | None


@dataclass(frozen=True, slots=True)
class Filters:
    """What one row of chips is set to: the values of each chip in their order, and the two times as they were typed."""

    chips: tuple[tuple[Value, ...], ...]
    times: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Cards:
    """What is shown of a list, and where its cursor is.

    ranks:  a ranking for somebody, and not everybody
    opened: the parts that were unfolded
    cursor: the card, its row, and how far the list is scrolled
    keys:   whether the cards have the keys
    """

    ranks: bool
    filters: Mapping[bool, Filters]
    opened: frozenset[str]
    cursor: tuple[Seen | None, int, int]
    keys: bool


@dataclass(frozen=True, slots=True)
class Pictured:
    """The picture that is searched for. number: of the search, below zero; doubt: why it may rank badly"""

    name: str = ""
    picture: QImage = field(default_factory=QImage)
    number: int = 0
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Sought:
    """Whom somebody looks for, and what was decided of every picture. query: None where nobody is looked for"""

    query: Query | None
    pictures: Mapping[bytes, PictureVerdicts]


@dataclass(frozen=True, slots=True)
class Place:
    """All of it. recording: the row of Footage; skipping: playing leaves out where nobody is"""

    watching: bool
    recording: Path | None
    skipping: bool
    standing: Standing
    cards: Cards
    pictured: Pictured
    sought: Sought
