"""A thread with a bounded queue, and a failure that every stage of the same run shares."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

ROOM = 12
WAIT_S = 0.1


class Failure:
    """The first thing that went wrong in any stage."""

    def __init__(self) -> None:
        self._first: BaseException | None = None

    def note(self, error: BaseException) -> None:
        """Remember the first; later ones follow from it."""
        self._first = self._first or error

    def __bool__(self) -> bool:
        return self._first is not None

    def reraise(self) -> None:
        """Raise what happened, if anything did."""
        if self._first is not None:
            raise self._first


class Stage(Generic[T]):
    """Handles items in order in a thread of its own.

    ``work`` gets one item, or with ``gather`` everything that waits. After a failure in any stage of the run, items
    are taken but no longer worked on, and ``put`` and ``finish`` raise what happened in the caller's thread.
    """

    def __init__(self, name: str, work: Callable[[Sequence[T]], None], failure: Failure, *, gather: bool) -> None:
        self._work, self._failure, self._gather = work, failure, gather
        self._queue: queue.Queue[T | None] = queue.Queue(ROOM)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        """Hand over an item; waits while the stage is busy."""
        self._put(item)

    def finish(self) -> None:
        """No more items: wait until all are handled."""
        self._put(None)
        self._thread.join()
        self._failure.reraise()

    def _put(self, item: T | None) -> None:
        while True:
            self._failure.reraise()
            try:
                return self._queue.put(item, timeout=WAIT_S)
            except queue.Full:
                continue

    def _run(self) -> None:
        ended = False
        while not ended:
            items, ended = self._take()
            try:
                if items and not self._failure:
                    self._work(items)
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that called us
                self._failure.note(error)

    def _take(self) -> tuple[list[T], bool]:
        """What waits (at least one, unless the end), and whether the end was among it."""
        items: list[T] = []
        while True:
            try:
                item = self._queue.get(block=not items)
            except queue.Empty:
                return items, False
            if item is None:
                return items, True
            items.append(item)
            if not self._gather:
                return items, False
