"""The chain of hashes: what was changed, taken out or moved shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reid_engine.audit import Event, canonical_json, chained_hash, first_break, first_hash, system_operator


def chain(count: int, uuid: str = "case") -> list[Event]:
    events, previous = [], first_hash(uuid)
    for number in range(1, count + 1):
        event = Event(number, number * 10, "ann", "search", {"probe": number, "note": "é🎥"})
        previous = chained_hash(previous, event)
        events.append(replace(event, hash=previous))
    return events


def test_an_untouched_record_holds() -> None:
    assert first_break("case", chain(5)) is None
    assert first_break("case", []) is None


@pytest.mark.parametrize(
    "change",
    [{"at_us": 31}, {"operator": "bob"}, {"kind": "export"}, {"body": {"probe": 4}}, {"hash": "00" * 32}],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_event_is_named(change: dict[str, object]) -> None:
    events = chain(5)
    events[2] = replace(events[2], **change)
    found = first_break("case", events)
    assert found is not None
    assert "event 3" in found


def test_a_missing_event_is_named_even_when_the_numbers_are_closed_up() -> None:
    events = chain(5)
    assert "event 2 is missing" in str(first_break("case", [events[0], *events[2:]]))
    closed_up = [events[0], *(replace(event, number=event.number - 1) for event in events[2:])]
    assert "event 2" in str(first_break("case", closed_up))


def test_a_record_belongs_to_its_case() -> None:
    assert "event 1" in str(first_break("another case", chain(2)))


def test_json_has_one_spelling() -> None:
    assert canonical_json({"b": 1.5, "a": ["é", None, True]}) == '{"a":["\\u00e9",null,true],"b":1.5}'
    assert canonical_json({"a": 1, "b": 2}) == canonical_json({"b": 2, "a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": float("nan")})


def test_the_operator_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert system_operator()

    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert system_operator().startswith("user ")
