"""Two runs on the same queries: how far apart they are, and how far chance alone would move that.

The paired bootstrap: queries are drawn with replacement, both runs are scored on the same draw, and the interval is
that of the differences (Efron & Tibshirani 1993, ch. 13). A query that several trials ask moves as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from reid_engine.errors import InputError
from trainer.evaluation import TRAPEZOID
from trainer.ranked import RANKED, Columns, load_ranked
from trainer.runs import Run

DRAWS = 10_000
LEVEL = 0.95
COUNTS_AT_ONCE = 2**22  # of draws x queries: bounds the memory
Table: TypeAlias = NDArray[np.float64]
Units: TypeAlias = dict[tuple[int, int, str], int]


@dataclass(frozen=True)
class Difference:
    """One figure of two runs, shares in [0, 1]; low, high: the interval of ``second - first``."""

    first: float
    second: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """How much more the second reaches."""
        return self.second - self.first


@dataclass(frozen=True)
class Comparison:
    """mean_ap, rank1: with their intervals; queries: that count; won, lost: first answers that only one run has right.

    rules_differ: their papers count average precision otherwise, so that mAP cannot be compared
    """

    mean_ap: Difference
    rank1: Difference
    queries: int
    won: int
    lost: int
    rules_differ: bool


def compare_runs(first: Run, second: Run, *, draws: int = DRAWS, seed: int = 0) -> Comparison:
    """The second run against the first. Raises InputError, naming what differs, where they did not have one test."""
    lists = [load_ranked(run.folder / RANKED) for run in (first, second)]
    refuse_other_tests(lists, (str(first.folder), str(second.folder)))
    units = query_units(lists[0])
    precision = [per_unit([trial["precision"] for trial in trials], lists[0], units) for trials in lists]
    hit = [per_unit([(trial["first"] == 0).astype(float) for trial in trials], lists[0], units) for trials in lists]
    asked = per_unit([np.ones(len(trial["first"])) for trial in lists[0]], lists[0], units)
    if not units:
        raise InputError(f"no query of {first.folder} has a right answer in its gallery; there is nothing to compare")
    spread = bootstrap(np.stack([precision[1] - precision[0], hit[1] - hit[0]]), asked, draws=draws, seed=seed)
    mean_ap, rank1 = (
        Difference(mean_of_trials(a, asked), mean_of_trials(b, asked), *interval(drawn))
        for (a, b), drawn in zip((precision, hit), spread, strict=True)
    )
    right = [np.concatenate([trial["first"] for trial in trials]) == 0 for trials in lists]
    rules = [_counts_trapezoid(run) for run in (first, second)]
    won, lost = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
    return Comparison(mean_ap, rank1, int(asked.sum()), won, lost, rules[0] != rules[1])


def bootstrap(differences: Table, asked: Table, *, draws: int, seed: int) -> Table:
    """(M, U, N) sums of M figures over U queries in N trials, and (U, N) how often each is asked -> (M, draws).

    Every draw takes U queries with replacement; its figure is the mean over trials of the mean over their queries.
    """
    rng, units = np.random.default_rng(seed), len(asked)
    at_once = max(1, COUNTS_AT_ONCE // units)
    parts = []
    for start in range(0, draws, at_once):
        size = min(at_once, draws - start)
        taken = rng.integers(units, size=(size, units)) + units * np.arange(size)[:, None]
        counts = np.bincount(taken.ravel(), minlength=size * units).reshape(size, units).astype(float)
        number = counts @ asked  # (size, N); 0 where a draw has no query of a trial
        sums = counts @ differences  # (M, size, N)
        means = np.divide(sums, number, out=np.full(sums.shape, np.nan), where=number > 0)
        parts.append(np.nanmean(means, axis=2))
    return np.concatenate(parts, axis=1)


def interval(drawn: NDArray[np.float64], level: float = LEVEL) -> tuple[float, float]:
    """The middle ``level`` of the draws."""
    low, high = np.quantile(drawn, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)


def query_units(trials: Sequence[Columns]) -> Units:
    """The queries that count, each once however many trials ask it -> its place."""
    counted = (
        key for trial in trials for key, first in zip(_keys(trial, "query"), trial["first"], strict=True) if first >= 0
    )
    return {key: place for place, key in enumerate(dict.fromkeys(counted))}


def per_unit(columns: Sequence[NDArray[np.float64]], trials: Sequence[Columns], units: Units) -> Table:
    """(Q,) numbers of every trial -> (U, N) sums over a unit's queries in that trial."""
    table = np.zeros((len(units), len(trials)))
    for n, (column, trial) in enumerate(zip(columns, trials, strict=True)):
        counts = trial["first"] >= 0
        places = [units[key] for key, one in zip(_keys(trial, "query"), counts, strict=True) if one]
        np.add.at(table[:, n], places, column[counts])
    return table


def mean_of_trials(table: Table, asked: Table) -> float:
    """Mean over trials of the mean over their queries."""
    return float(np.nanmean(table.sum(0) / np.where(asked.sum(0) > 0, asked.sum(0), np.nan)))


def refuse_other_tests(lists: Sequence[Sequence[Columns]], names: tuple[str, str]) -> None:
    """Raises InputError, naming the first query (or gallery tracklet) that only one of two runs has."""
    if len(lists[0]) != len(lists[1]):
        raise InputError(f"{names[0]} was tested in {len(lists[0])} trials, {names[1]} in {len(lists[1])}")
    for n, (one, other) in enumerate(zip(*lists, strict=True), start=1):
        for side, what in (("query", "queries"), ("gallery", "galleries")):
            ours, theirs = _keys(one, side), _keys(other, side)
            if ours == theirs:
                continue
            only = [(names[0], key) for key in ours if key not in set(theirs)][:1]
            only += [(names[1], key) for key in theirs if key not in set(ours)][:1]
            told = "; ".join(f"only {name} has {key[2]} (person {key[0]}, camera {key[1]})" for name, key in only)
            raise InputError(
                f"the {what} of {names[0]} and {names[1]} differ in trial {n} ({len(ours)} and {len(theirs)}): "
                f"{told or 'the same ones in another order'}. Test both on one data set"
            )


def _keys(trial: Columns, side: str) -> list[tuple[int, int, str]]:
    columns = (trial[f"{side}_{part}"].tolist() for part in ("pids", "camids", "names"))
    return list(zip(*columns, strict=True))


def _counts_trapezoid(run: Run) -> bool:
    config = run.config()
    return config["dataset"] in TRAPEZOID.get(str(config["model"]).split("/")[0], ())
