"""``compare RUN RUN``: two runs on the same queries, with the interval of their difference."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from trainer.comparison import DRAWS, LEVEL, Comparison, Difference, compare_runs
from trainer.runs import Run
from trainer.verbs.words import a_seed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("first", type=Path, metavar="RUN")
    parser.add_argument("second", type=Path, metavar="RUN", help="its figures minus the first one's are told")
    parser.add_argument("--seed", type=a_seed, default=0, help="of the draws")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")


def run(given: argparse.Namespace) -> str:
    """mAP and rank-1 of both runs, the difference, and its 95 % interval. Raises InputError for different tests."""
    found = compare_runs(Run(given.first), Run(given.second), seed=given.seed)
    return json.dumps(_fields(found, given.seed)) if given.json else _text(found)


def _fields(found: Comparison, seed: int) -> dict[str, object]:
    figures = {
        name: {"first": one.first, "second": one.second, "difference": one.difference, "low": one.low, "high": one.high}
        for name, one in (("mAP", found.mean_ap), ("rank1", found.rank1))
    }
    counts = {"queries": found.queries, "won": found.won, "lost": found.lost, "rules_differ": found.rules_differ}
    return {**figures, **counts, "draws": DRAWS, "level": LEVEL, "seed": seed}


def _text(found: Comparison) -> str:
    lines = [_line("mAP", found.mean_ap), _line("rank-1", found.rank1)]
    lines.append(
        f"{found.queries} queries; the second alone has {found.won} first answers right, the first alone {found.lost}. "
        f"Intervals: {LEVEL:.0%}, {DRAWS} paired draws of the queries"
    )
    if found.rules_differ:
        lines.append("The papers of the two count average precision by different rules: their mAP cannot be compared")
    return "\n".join(lines)


def _line(name: str, one: Difference) -> str:
    verdict = "chance alone may do this" if one.low <= 0 <= one.high else "more than chance"
    return (
        f"{name:7} {one.first:7.2%} -> {one.second:7.2%}  {100 * one.difference:+.2f} points "
        f"[{100 * one.low:+.2f}, {100 * one.high:+.2f}]  {verdict}"
    )
