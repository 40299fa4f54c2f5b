"""Identities and look-alikes."""

from collections import Counter
from dataclasses import fields

import numpy as np

from trainer.world.people import DETAILS, lookalike, person


def test_a_seed_is_always_the_same_person_and_another_seed_another():
    assert person(7) == person(7)
    assert len({person(seed) for seed in range(300)}) == 300


def test_a_lookalike_differs_in_the_one_detail_that_it_names():
    found = Counter()
    for seed in range(120):
        first, second = person(seed), lookalike(person(seed), 5)
        changed = {f.name for f in fields(first) if getattr(first, f.name) != getattr(second, f.name)} - {"detail"}
        assert len(changed) == 1, (seed, changed, second.detail)
        garment = {"hair": "hairstyle", "print": "top", "sleeves": "top"}.get(second.detail, second.detail)
        assert changed == {garment}
        found[second.detail] += 1
    assert set(found) == set(DETAILS), "every kind of detail happens"


def test_a_lookalike_in_another_garment_changes_only_one_thing_about_it():
    for seed in range(60):
        first, second = person(seed), lookalike(person(seed), 5)
        for piece in ("top", "bottom", "shoes", "bag", "hat"):
            one, other = getattr(first, piece), getattr(second, piece)
            assert sum(getattr(one, f.name) != getattr(other, f.name) for f in fields(one)) <= 1


def test_streets_are_mostly_black_grey_and_denim():
    colours = np.array([person(seed).bottom.colours[0] for seed in range(500)])
    dull = colours.max(axis=1) - colours.min(axis=1) < 0.25
    assert dull.mean() > 0.7
    tops = np.array([person(seed).top.colours[0] for seed in range(500)])
    assert 0.12 < (tops.max(axis=1) - tops.min(axis=1) > 0.3).mean() < 0.45, "some tops are colourful"
