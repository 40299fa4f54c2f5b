"""Work in several processes whose results come back in order, so that files are the same whatever their number."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

import cv2

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def pool(workers: int) -> Iterator[Executor | None]:
    """That many processes, or None where one is enough."""
    if workers <= 1:
        yield None
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)) as made:
        yield made


def mapped(executor: Executor | None, work: Callable[[T], R], tasks: Sequence[T], ahead: int = 6) -> Iterator[R]:
    """Results in the order of the tasks, at most ``ahead`` of them waiting to be taken."""
    if executor is None:
        yield from map(work, tasks)
        return
    waiting: deque[Future[R]] = deque()
    for task in tasks:
        waiting.append(executor.submit(work, task))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
