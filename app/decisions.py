"""What can be said of two tracks, as every button that says it shows it."""

from __future__ import annotations

from app import theme
from app.keys import key
from app.words import tr
from reid_engine.types import Verdict


def decisions() -> tuple[tuple[Verdict, str, str, str], ...]:
    """Verdict, whose name its icon has too, word, key and colour of each."""
    tokens = theme.current()
    return (
        ("same", tr("Same"), key("Same person"), tokens.good),
        ("different", tr("Different"), key("Different person"), tokens.danger),
        ("unsure", tr("Unsure"), key("Unsure"), tokens.warning),
    )
