"""Pictures kept by name, the longest unseen ones forgotten first: what is shown again soon need not be read again.

Not in ``QPixmapCache``: Qt fills that with its own labels and buttons, so its limit would be one for both.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from PySide6.QtGui import QPixmap


class PictureStore:
    """At most ``limit`` bytes of pixels; the newest picture stays whatever its size."""

    def __init__(self, limit: int) -> None:
        self._limit, self._held = limit, 0
        self._pictures: OrderedDict[Hashable, QPixmap] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pictures)

    def get(self, key: Hashable) -> QPixmap | None:
        """The picture of this name, or None when it was never here or is forgotten."""
        picture = self._pictures.get(key)
        if picture is not None:
            self._pictures.move_to_end(key)
        return picture

    def put(self, key: Hashable, picture: QPixmap) -> None:
        """Keep this one; forget those that nobody asked for longest."""
        self._forget(key)
        self._pictures[key] = picture
        self._held += pixel_bytes(picture)
        while self._held > self._limit and len(self._pictures) > 1:
            self._forget(next(iter(self._pictures)))

    def _forget(self, key: Hashable) -> None:
        if key in self._pictures:
            self._held -= pixel_bytes(self._pictures.pop(key))


def pixel_bytes(picture: QPixmap) -> int:
    """What a picture's pixels take."""
    return picture.width() * picture.height() * picture.depth() // 8
