"""Two runs on the same queries, beside a loop over draws."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from reid_engine.errors import InputError
from tests.trainer.ranked_runs import trial, write_run
from trainer.__main__ import main
from trainer.comparison import COUNTS_AT_ONCE, bootstrap, compare_runs, interval
from trainer.ranked import RANKED, load_ranked
from trainer.runs import Run


def slow_draws(differences: np.ndarray, asked: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """One figure; the same random numbers, query by query."""
    rng, out = np.random.default_rng(seed), []
    for _ in range(draws):
        taken = rng.integers(len(asked), size=len(asked))
        means = []
        for n in range(asked.shape[1]):
            number = sum(asked[unit, n] for unit in taken)
            if number:
                means.append(sum(differences[unit, n] for unit in taken) / number)
        out.append(sum(means) / len(means))
    return np.array(out)


def test_the_bootstrap_is_a_loop_over_draws_and_over_trials() -> None:
    rng = np.random.default_rng(3)
    asked = np.array([[1, 0], [1, 1], [2, 1], [0, 1], [1, 1]], float)
    differences = rng.normal(size=(2, 5, 2)) * (asked > 0)
    found = bootstrap(differences, asked, draws=60, seed=5)
    for at in range(2):
        assert found[at] == pytest.approx(slow_draws(differences[at], asked, 60, 5), abs=1e-12)


def test_blocks_of_draws_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    differences, asked = np.random.default_rng(1).normal(size=(1, 7, 1)), np.ones((7, 1))
    whole = bootstrap(differences, asked, draws=50, seed=2)
    monkeypatch.setattr("trainer.comparison.COUNTS_AT_ONCE", 7 * 9)
    assert COUNTS_AT_ONCE > 7 * 50
    assert (bootstrap(differences, asked, draws=50, seed=2) == whole).all()


@pytest.mark.parametrize("trials", [[trial(range(1, 13))], [trial(range(1, 9)), trial(range(5, 13))]])
def test_the_figures_are_those_of_the_runs_and_the_interval_that_of_the_loop(trials: list, tmp_path: Path) -> None:
    one = write_run(tmp_path / "one", trials, seed=1, noise=1.6)
    two = write_run(tmp_path / "two", trials, seed=2, noise=0.9)
    found = compare_runs(one, two, draws=80, seed=4)
    for run, side in ((one, "first"), (two, "second")):
        results = json.loads((run.folder / "result.json").read_text())["results"]
        assert getattr(found.mean_ap, side) == pytest.approx(results["mAP"])
        assert getattr(found.rank1, side) == pytest.approx(results["rank1"])

    lists = [load_ranked(run.folder / RANKED) for run in (one, two)]
    names = list(
        dict.fromkeys(n for t in lists[0] for n, f in zip(t["query_names"], t["first"], strict=True) if f >= 0)
    )
    asked, gains = np.zeros((len(names), len(trials))), np.zeros((len(names), len(trials)))
    won = lost = 0
    for n, (a, b) in enumerate(zip(*lists, strict=True)):
        for query, name in enumerate(a["query_names"]):
            if a["first"][query] >= 0:
                asked[names.index(name), n] += 1
                gains[names.index(name), n] += b["precision"][query] - a["precision"][query]
                won += b["first"][query] == 0 != a["first"][query]
                lost += a["first"][query] == 0 != b["first"][query]
    assert (found.won, found.lost, found.queries) == (won, lost, asked.sum())
    low, high = interval(slow_draws(gains, asked, 80, 4))
    assert (found.mean_ap.low, found.mean_ap.high) == pytest.approx((low, high))


def test_a_run_beside_itself_differs_by_nothing_and_a_better_one_by_more_than_chance(tmp_path: Path) -> None:
    bad = write_run(tmp_path / "bad", [trial(range(1, 40))], seed=1, noise=6)
    good = write_run(tmp_path / "good", [trial(range(1, 40))], seed=2, noise=0.1)
    same, better = compare_runs(bad, bad).mean_ap, compare_runs(bad, good).mean_ap
    assert (same.difference, same.low, same.high) == (0, 0, 0)
    assert 0 < better.low < better.difference < better.high


def test_the_verb_prints_text_or_json_and_is_seeded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed, name in enumerate(("one", "two")):
        write_run(tmp_path / name, [trial(range(1, 9))], seed=seed, noise=1)
    words = ["compare", str(tmp_path / "one"), str(tmp_path / "two")]
    assert main([*words, "--json"]) == main([*words, "--json"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == second
    assert first["mAP"]["difference"] == pytest.approx(first["mAP"]["second"] - first["mAP"]["first"])
    assert main(words) == 0
    assert "8 queries" in capsys.readouterr().out


def test_papers_that_count_average_precision_otherwise_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path / "tcl", [trial(range(1, 9))], seed=1, noise=1)
    write_run(tmp_path / "stmp", [trial(range(1, 9))], seed=2, noise=1, model="stmp/full")
    assert main(["compare", str(tmp_path / "tcl"), str(tmp_path / "stmp")]) == 0
    assert "mAP cannot be compared" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ([trial(range(1, 10))], r"queries of .*one and .*two differ in trial 1 \(9 and 10\).*only .*two has q9"),
        ([trial(range(1, 9)), trial(range(1, 9))], r"1 trials, .*two in 2"),
        ([trial(range(8, 0, -1))], r"the same ones in another order"),
    ],
)
def test_runs_with_other_queries_are_refused_by_name(other: list, told: str, tmp_path: Path) -> None:
    one = write_run(tmp_path / "one", [trial(range(1, 9))], seed=1, noise=1)
    two = write_run(tmp_path / "two", other, seed=1, noise=1)
    with pytest.raises(InputError, match=told):
        compare_runs(one, two)


def test_a_folder_without_ranked_lists_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ranked\.npz holds no ranked lists"):
        compare_runs(Run(tmp_path), Run(tmp_path))
    (tmp_path / "ranked.npz").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(InputError, match=r"ranked\.npz holds no ranked lists"):
        compare_runs(Run(tmp_path), Run(tmp_path))
