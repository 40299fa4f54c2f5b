"""What the bands rest on, in words: on whom they were measured, what the model's card says of it, who was decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.page import paragraphs, section, table
from app.words import Later, tr

TITLE = Later("What the bands rest on")
FROM = ", 95 % from"  # how cards name the ends of an interval
TO = ", 95 % to"
MEASURED = Later(
    "A band says how many strangers came as near as this in a test. Which test, as the model's card says: {measured}. "
    "With other people and other cameras, such as those of this case, it may be more or fewer."
)
UNSAID = Later("The model has bands, but its card does not say on whom and when they were measured.")
UNCALIBRATED = Later(
    "The model has no calibration, so it gives no bands: the order means something, the distance alone does not."
)
FIGURES = Later(
    "rank1 is the share of searches whose first match was right, mAP the mean precision of the whole order, both from "
    "0 to 1; in brackets between which figures it lies with other people of the same kind, 95 times in 100. They are "
    "about these test sets and no likelihood that a sighting of this case is the person."
)
NO_FIGURES = Later("Its card holds no results of a test.")


def bands(basis: Mapping[str, Any] | None, decided: Mapping[str, int] | None = None) -> str:
    """As HTML. basis: see ``evidence.basis.basis_of``; decided: ``decided_about`` of the person, where there is one."""
    if basis is None:
        return paragraphs(
            [tr("No network has compared anybody in this case yet, so there are no bands."), *_of(decided)]
        )
    rows = figures(basis["results"])
    shown = table((tr("Test set"), tr("Figures of the card")), rows) + paragraphs([tr(FIGURES)]) if rows else ""
    return paragraphs(_about(basis)) + (shown or paragraphs([tr(NO_FIGURES)])) + paragraphs(_of(decided))


def in_this_case(basis: Mapping[str, Any] | None) -> str:
    """The same for the open case, under a heading."""
    return section(tr("In this case"), bands(basis))


def _about(basis: Mapping[str, Any]) -> list[str]:
    model, name, measured = basis["model"], basis["name"], basis["measured"].rstrip(".")
    said = [tr("Model: {model}, of the file {name}.").format(model=model, name=name or "?")]
    if not basis["calibrated"]:
        said.append(tr(UNCALIBRATED))
    else:
        said.append(tr(MEASURED).format(measured=measured) if measured else tr(UNSAID))
    learned = "; ".join(basis["training_data"])
    nothing = tr("Its card does not say what it learned from.")
    return [*said, tr("It learned from: {data}.").format(data=learned) if learned else nothing]


def figures(results: Mapping[str, float]) -> list[tuple[str, str]]:
    """Of every test set its figures: ``rank1 0.7812 (0.6562 to 0.9062), mAP ...``."""
    sets: dict[str, dict[str, float]] = {}
    for key, value in results.items():
        where, _, what = key.rpartition(": ")
        sets.setdefault(where, {})[what] = value
    return [(where or "–", ", ".join(_figure(what, found) for what in found if _leads(what, found)))
            for where, found in sets.items()]  # fmt: skip


def _leads(what: str, found: Mapping[str, float]) -> bool:
    """False for an end of an interval whose figure stands there too."""
    return what.removesuffix(FROM).removesuffix(TO) not in found or not what.endswith((FROM, TO))


def _figure(what: str, found: Mapping[str, float]) -> str:
    ends = found.get(what + FROM), found.get(what + TO)
    span = "" if None in ends else tr(" ({least} to {most})").format(least=f"{ends[0]:.4g}", most=f"{ends[1]:.4g}")
    return f"{what} {found[what]:.4g}{span}"


def _of(decided: Mapping[str, int] | None) -> list[str]:
    """How many were turned down or left open."""
    if decided is None:
        return []
    words = tr(
        "Of {tracks} tracks in the case {same} are this person by what people decided, the one that the journey begins "
        "with among them; {different} were decided to be somebody else and {unsure} left unsure; about {undecided} "
        "nobody decided anything. Searches on the record that began with a track of this person: {searches}."
    )
    return [words.format(**decided)]
