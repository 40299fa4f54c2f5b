"""A case as a data set: what an operator confirmed is an identity, what was rejected is told apart.

People are split, not tracklets: nobody is both learned and tested. Somebody who was only ever rejected is an identity
of one tracklet, on the side of the person whom he was taken for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from reid_engine.errors import InputError
from trainer.datasets.records import DataSet, Tracklet, Trial

Pair = tuple[int, int]


def read(root: Path, *, held_out: float = 0.3, seed: int = 0) -> DataSet:
    """The decisions of the case in the folder ``root``, the last word of every pair; ``held_out``: share of the people.

    Raises CaseError for what is no case, InputError for one with too few confirmed people.
    """
    from reid_engine.case import Case  # only a case needs a database
    from reid_engine.types import TrackletId

    with Case.open(root, read_only=True) as case:
        words: dict[Pair, str] = {}
        for decision in case.store.decisions():
            one, other = sorted((int(decision.probe), int(decision.candidate)))
            words[one, other] = decision.verdict
        same = [pair for pair, verdict in words.items() if verdict == "same"]
        different = [pair for pair, verdict in words.items() if verdict == "different"]
        identity = identities(same, different)
        learned = learned_people(identity, different, held_out, seed)
        numbers = sorted(identity)
        cameras = case.store.spans([TrackletId(number) for number in numbers]).camera
        found = {}
        for number, camera in zip(numbers, cameras.tolist(), strict=True):
            crops = case.crops(TrackletId(number))
            kept = {crop.frame_index: crop.jpeg for crop in (*crops.best, *(c for run in crops.runs for c in run))}
            frames = tuple(kept[index] for index in sorted(kept))
            found[number] = Tracklet(identity[number], int(camera), frames, f"tracklet {number}")
    return _split(found, identity, different, learned)


def identities(same: Sequence[Pair], different: Sequence[Pair]) -> dict[int, int]:
    """Tracklet -> identity (the smallest of its tracklets' numbers): chains of confirmed pairs are one person."""
    parent: dict[int, int] = {number: number for pair in (*same, *different) for number in pair}

    def root(number: int) -> int:
        while parent[number] != number:
            number = parent[number]
        return number

    for one, other in same:
        a, b = sorted((root(one), root(other)))
        parent[b] = a
    return {number: root(number) for number in parent}


def learned_people(identity: Mapping[int, int], different: Sequence[Pair], held_out: float, seed: int) -> set[int]:
    """Who is learned: the confirmed who are not held out, and strangers who were taken for one of them."""
    numbers = list(identity.values())
    confirmed = sorted({person for person in numbers if numbers.count(person) > 1})
    kept = round(len(confirmed) * held_out)
    if len(confirmed) - kept < 2:
        raise InputError(
            f"the case has {len(confirmed)} people whom somebody confirmed in two tracklets; with {held_out:.0%} of "
            "them held out, fewer than two are left to learn. Decide more matches first"
        )
    learned = set(np.random.default_rng(seed).permutation(confirmed)[kept:].tolist())
    for one, other in different:
        a, b = identity[one], identity[other]
        strangers = {person for person in (a, b) if person not in confirmed}
        tested = {person for person in (a, b) if person in confirmed and person not in learned}
        learned |= set() if tested else strangers
    return learned


def _split(
    found: Mapping[int, Tracklet], identity: Mapping[int, int], different: Sequence[Pair], learned: set[int]
) -> DataSet:
    train = [number for number in found if identity[number] in learned]
    test = tuple(tracklet for tracklet in found.values() if tracklet.pid not in learned)
    place = {number: at for at, number in enumerate(train)}
    apart = [pair for pair in different if identity[pair[0]] != identity[pair[1]]]
    rejected = tuple((place[a], place[b]) for a, b in apart if a in place and b in place)
    notes = [
        f"{len(learned)} people to learn, {len({t.pid for t in test})} to be tested on, {len(rejected)} rejections"
    ]
    if contradictions := len(different) - len(apart):
        notes.append(f"{contradictions} pairs were rejected, but confirmed by a chain of other pairs: left out")
    trials = (Trial(test, test),) if test else ()
    return DataSet("case", tuple(found[number] for number in train), trials, rejected=rejected, notes=tuple(notes))
