"""Who is here? The program's likely people beside the truth, and beside two simpler answers.

    python -m tests.measure.people [--real-data FOLDER] [--generated FOLDER ...] [--case CASE TRUTH] [--json FILE]

--real-data: holds sequences/mini_mars and videos/epfl_campus4; what is missing is left out, and said
--generated: query and gallery of ``trainer world sequences``, all frames
--case:      an ingested case, and the folder of its recordings with their truth (``resources/demo``); tracklets of
             nobody in particular count as strangers to everybody

Every labelled set becomes a case that holds all its tracklets, each at a time of its own: no picture shows anybody
beside anybody, so looks alone speak. In an ingested case times speak too. Answers:

    the program      ``likely_people`` with its defaults
    single linkage   connected parts of the pairs that are as near as the program asks (``reach``), nothing struck out
    strong, linked   the same with all pairs that are *strong*
    everybody alone  every tracklet its own group

Pairwise: of the pairs that are in one group the share that is one person (precision), and the other way round (recall).
B-cubed: the same asked of every tracklet's own group and own person, and meant over all (Bagga and Baldwin 1998).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reid_engine.case import Case
from reid_engine.grouping import near_pairs
from reid_engine.index import VectorIndex, open_index
from reid_engine.people import likely_people, reach
from reid_engine.search import bias_of
from reid_engine.store import Store, TrackletFilter
from reid_engine.truth import Truth
from reid_engine.types import TrackletId
from tests.measure.asked import filled
from tests.measure.describers import Describer, add_arguments, load, vectors
from tests.measure.sets import LabelledSet, read_campus, read_generated, read_mars
from tests.support.cases import MODEL

Labels = NDArray[np.int64]
ALL_FRAMES = 1000


@dataclass(frozen=True)
class Agreement:
    """(precision, recall) of pairs and of tracklets (B-cubed), and how many groups stand for how many people."""

    pairs: tuple[float, float]
    b_cubed: tuple[float, float]
    groups: int
    people: int

    def said(self) -> str:
        """A row's cells."""
        cells = [" / ".join(f"{100 * share:.1f}" for share in (*two, f1(*two))) for two in (self.pairs, self.b_cubed)]
        return " | ".join([*cells, f"{self.groups} for {self.people}"])


def f1(precision: float, recall: float) -> float:
    """Their harmonic mean; 0 where both are."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def agreement(group: Labels, person: Labels) -> Agreement:
    """Of (N,) groups and (N,) people. Where no pair was made, or there is none to find, nothing is wrong: 1."""
    (_, rows), (_, columns) = (np.unique(labels, return_inverse=True) for labels in (group, person))
    both = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(both, (rows, columns), 1)
    found, true = both.sum(1), both.sum(0)
    right = _pairs(both)
    pairs = [right / _pairs(of) if _pairs(of) else 1.0 for of in (found, true)]
    shares = [float((both**2 / of).sum() / len(group)) for of in (found[:, None], true[None])]
    return Agreement((pairs[0], pairs[1]), (shares[0], shares[1]), len(found), len(true))


def _pairs(sizes: NDArray[np.float64]) -> float:
    return float((sizes * (sizes - 1)).sum() / 2)


def linked(count: int, first: Labels, second: Labels) -> Labels:
    """(count,) the first row of each row's connected part."""
    part = list(range(count))

    def head(row: int) -> int:
        while part[row] != row:
            row = part[row]
        return row

    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        ends = sorted((head(one), head(other)))
        part[ends[1]] = ends[0]
    return np.array([head(row) for row in range(count)])


def answers(store: Store, index: VectorIndex) -> dict[str, tuple[Labels, Labels]]:
    """Every answer's name, (N,) tracklets ascending and the group of each."""
    numbers = store.find(TrackletFilter())
    calibration = store.card(index.model)["calibration"]
    cameras = store.spans([TrackletId(number) for number in numbers.tolist()]).camera
    looks = bias_of(store, index).off(index.vectors(numbers), cameras.tolist())
    found = likely_people(store, index).groups
    group = {int(number): place for place, members in enumerate(found) for number in members.tracklets}
    told = {"the program": np.array([group[number] for number in numbers.tolist()])}
    for name, within in (
        ("single linkage", reach(calibration, len(numbers))),
        ("strong, linked", float(calibration["strong"])),
    ):
        near = near_pairs(index.distance, looks, within)
        told[name] = linked(len(numbers), near.first, near.second)
    told["everybody alone"] = np.arange(len(numbers))
    return {name: (numbers, groups) for name, groups in told.items()}


def of_set(labelled: LabelledSet, by: Describer, cache: Path) -> dict[str, Agreement]:
    """Of a labelled set as a case of its own."""
    with tempfile.TemporaryDirectory() as folder:
        made, numbers = filled(Path(folder), labelled, by, vectors(by, labelled, cache))
        person = dict(zip(map(int, numbers), labelled.person.tolist(), strict=True))
        index = open_index(made.store, MODEL, Path(folder) / "index")
        told = answers(made.store, index)
        made.store.close()
    return _agreements(told, person.__getitem__)


def of_case(folder: Path, recordings: Path) -> dict[str, Agreement]:
    """Of an ingested case whose recordings brought their truth along."""
    truth = Truth.beside(recordings)
    if truth is None:
        raise SystemExit(f"{recordings} holds no plan.json and truth.csv")
    with Case.open(folder, read_only=True) as case:
        numbers = [TrackletId(number) for number in case.store.find(TrackletFilter()).tolist()]
        seen = {int(t.id): truth.person(case.store, t) for t in case.store.tracklets(numbers)}
        unknown = sum(person is None for person in seen.values())
        print(f"{len(seen)} tracklets, {unknown} of nobody in particular")
        told = answers(case.store, case.index(case.model()))

    def person(number: int) -> int:
        known = seen[number]
        return -number if known is None else known

    return _agreements(told, person)


def _agreements(told: dict[str, tuple[Labels, Labels]], person: Callable[[int], int]) -> dict[str, Agreement]:
    return {
        name: agreement(groups, np.array([person(number) for number in numbers.tolist()]))
        for name, (numbers, groups) in told.items()
    }


def table(name: str, found: dict[str, Agreement]) -> Iterable[str]:
    """A row an answer."""
    yield f"| {name} | pairs P / R / F1 | B-cubed P / R / F1 | groups for people |"
    yield "|---|---|---|---|"
    for way, agreed in found.items():
        yield f"| {way} | {agreed.said()} |"


def read(real_data: Path | None, generated: Sequence[Path]) -> Iterable[LabelledSet]:
    """What is there; what is not is said."""
    if real_data is not None:
        for path, reader in (
            (real_data / "sequences/mini_mars/bbox_train", read_mars),
            (real_data / "sequences/mini_mars/bbox_test", read_mars),
            (real_data / "videos/epfl_campus4", read_campus),
        ):
            if path.is_dir():
                yield replace(reader(path), name=str(path.relative_to(real_data)))
            else:
                print(f"left out, because it is not there: {path}")
    for path in generated:
        yield replace(read_generated(path, ALL_FRAMES), name=str(path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generated", type=Path, nargs="*", default=[])
    parser.add_argument("--case", type=Path, nargs=2, metavar=("CASE", "TRUTH"))
    add_arguments(parser)
    given = parser.parse_args()
    results: dict[str, dict[str, Agreement]] = {}
    for named in given.embedder or ["reappear"]:
        by = load(named, given.threads)
        for labelled in read(given.real_data, given.generated):
            print(labelled.said())
            results[f"{by.name}, {labelled.name}"] = of_set(labelled, by, given.cache)
    if given.case:
        results["case"] = of_case(*given.case)
    for name, found in results.items():
        print("\n".join(table(name, found)), flush=True)
    if given.json:
        told = {name: {way: asdict(agreed) for way, agreed in found.items()} for name, found in results.items()}
        given.json.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
