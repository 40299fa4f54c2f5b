"""How sure a share of few people can be: bootstrap over identities (Efron, Annals of Statistics 1979)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid_engine.ranking import QueryScores

DRAWS = 4000
CERTAIN = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean in [0, 1] with the interval that holds it in 95 of 100 drawings of people."""

    value: float
    low: float
    high: float

    def said(self) -> str:
        """In per cent."""
        return f"{100 * self.value:.1f} [{100 * self.low:.0f}, {100 * self.high:.0f}]"

    def numbers(self) -> list[float]:
        """Value, low, high."""
        return [round(self.value, 6), round(self.low, 6), round(self.high, 6)]


def over_people(values: NDArray[np.float64], people: NDArray[np.int64], seed: int = 0) -> Estimate:
    """The mean of (Q,) values and its percentile interval when people, with all their queries, are drawn anew.

    The gallery stays, so this says how much hangs on who was asked for, and nothing about other galleries.
    Raises ValueError without a value.
    """
    if not len(values):
        raise ValueError("no query had a right answer: there is nothing to average")
    _, person = np.unique(people, return_inverse=True)
    sums, counts = np.bincount(person, values), np.bincount(person)
    number = len(counts)
    drawn = np.random.default_rng(seed).multinomial(number, np.full(number, 1 / number), DRAWS)
    means = (drawn @ sums) / (drawn @ counts)
    low, high = np.quantile(means, [(1 - CERTAIN) / 2, (1 + CERTAIN) / 2])
    return Estimate(float(values.mean()), float(low), float(high))


def estimates(each: QueryScores, people: NDArray[np.int64]) -> tuple[Estimate, Estimate]:
    """Rank-1 and mean average precision of the queries that have a right answer."""
    counted = each.first >= 0
    hits = (each.first[counted] == 0).astype(np.float64)
    return over_people(hits, people[counted]), over_people(each.precision[counted], people[counted])
