"""Work off the window's thread: functions go in, results come back on the window's thread, the newest request wins."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, QThreadPool, Signal, Slot

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Answer:
    number: int
    key: str | None
    then: Callable[[Any], None]
    failed: Callable[[Exception], None] | None
    value: Any
    error: Exception | None


class Lane(QObject):
    """A few threads for reading: searches, overlays, thumbnails, first frames.

    Of requests with the same ``key`` only the newest is answered; an older one that has not begun is not begun. Newer
    requests run before older ones, because they are what the person looks at now. A lane that ``keeps`` is for writing:
    requests run in their order, and closing waits for all of them.
    """

    trouble = Signal(Exception)
    _done = Signal(object)

    def __init__(self, threads: int = 2, parent: QObject | None = None, *, keeps: bool = False) -> None:
        super().__init__(parent)
        self._keeps = keeps
        self._pool = QThreadPool()
        self._pool.setObjectName("lane")
        self._pool.setMaxThreadCount(threads)
        self._pool.setExpiryTimeout(-1)  # the kernel ends a child with the thread that started it
        self._numbers = itertools.count(1)
        self._newest: dict[str, int] = {}
        self._closed = False
        self._done.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[], T],
        then: Callable[[T], None],
        *,
        key: str | None = None,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Call ``work`` in a thread, then ``then`` with its result here; an error goes to ``failed`` or ``trouble``."""
        number = next(self._numbers)
        if key is not None:
            self._newest[key] = number

        def task() -> None:
            if self._stale(number, key):
                return
            value, error = _attempt(work)
            if not self._closed:
                self._done.emit(_Answer(number, key, then, failed, value, error))

        self._pool.start(task, -number if self._keeps else number)

    def forget(self, key: str) -> None:
        """Drop the answer of a request that nobody waits for any more."""
        self._newest.pop(key, None)

    @property
    def idle(self) -> bool:
        """True when no request runs."""
        return self._pool.activeThreadCount() == 0

    def close(self) -> None:
        """Wait for what runs; nothing is answered after this."""
        if self._keeps:
            self._pool.waitForDone()
        self._closed = True
        self._pool.clear()
        self._pool.waitForDone()

    def _stale(self, number: int, key: str | None) -> bool:
        return self._closed or (key is not None and self._newest.get(key) != number)

    @Slot(object)
    def _deliver(self, answer: _Answer) -> None:
        if self._stale(answer.number, answer.key):
            return
        if answer.error is None:
            answer.then(answer.value)
        elif answer.failed is not None:
            answer.failed(answer.error)
        else:
            self.trouble.emit(answer.error)


def _attempt(work: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return work(), None
    except Exception as error:  # noqa: BLE001 - carried to the window's thread, which shows it
        return None, error
