"""What the bands of a case rest on: what its model's card says was measured, and what people decided beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from reid_engine.case import Case
from reid_engine.journey import person
from reid_engine.store import TrackletFilter
from reid_engine.types import ModelId, TrackletId

LONGEST = 500  # letters of a sentence of a card, which a stranger may have written


def basis_of(case: Case) -> dict[str, Any] | None:
    """What the card of the model in force says; None while nobody was described.

    model, name:   the model as the case calls it, and its file
    calibrated:    whether its distances have bands; measured: on whom and when, empty where the card does not say
    training_data: one sentence a set
    results:       what was measured, e.g. {"8 people of MARS, 32 tracklets: rank1": 0.78}
    """
    if not case.store.models():
        return None
    model = case.model()
    return basis_from(model, case.store.card(model), _name(case, model))


def basis_from(model: str, card: Mapping[str, Any], name: str = "") -> dict[str, Any]:
    """The same from a card as it is recorded. Cards come with files of strangers: nothing is taken for granted."""
    provenance, results, data = card.get("provenance"), card.get("results"), card.get("training_data")
    measured = provenance.get("calibration", "") if isinstance(provenance, dict) else ""
    return {
        "model": str(model),
        "name": name,
        "calibrated": card.get("calibration") is not None,
        "measured": _plain(measured),
        "training_data": [_plain(one) for one in data] if isinstance(data, list) else [],
        "results": {_plain(k): v for k, v in results.items() if _is_figure(v)} if isinstance(results, dict) else {},
    }


def decided_about(case: Case, start: TrackletId) -> dict[str, int]:
    """How many tracks of the case were decided to be the person, somebody else, or unclear, and how many were not."""
    decisions = case.store.decisions()
    members = person(decisions, start)
    about: dict[str, set[TrackletId]] = {"different": set(), "unsure": set()}
    for said in decisions:
        pair = {said.probe, said.candidate}
        if said.verdict in about and pair & members:
            about[said.verdict] |= pair - members
    about["unsure"] -= about["different"]
    searches = [e.body for e in case.store.events() if e.kind == "search" and e.body.get("probe") in members]
    tracks = len(case.store.find(TrackletFilter()))  # without those that others stand for
    known = case.store.present([*members, *about["different"], *about["unsure"]])
    return {
        "same": len(members),
        "different": len(about["different"]),
        "unsure": len(about["unsure"]),
        "undecided": tracks - len(known),
        "tracks": tracks,
        "searches": len(searches),
    }


def _name(case: Case, model: ModelId) -> str:
    return next((known.name for known in case.store.networks() if known.model == model), "")


def _plain(text: object) -> str:
    return " ".join(str(text).split())[:LONGEST]


def _is_figure(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
