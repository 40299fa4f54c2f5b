"""The report of a run: what it says, against slow loops over the same arrays; and that it opens offline."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from reid_engine.errors import InputError
from reid_engine.models import build_model
from reid_engine.models.configurations import CONFIGURATIONS
from reid_engine.models.files import save_model
from tests.trainer.drawn import write_folder
from tests.trainer.ranked_runs import tracklet, trial, write_run
from trainer.__main__ import main
from trainer.datasets import DataSet, dataset_names, open_dataset
from trainer.printed import HEADLINES, TABLES, printed
from trainer.ranked import RANKED, load_ranked
from trainer.reports import differences, papers_table, write_report
from trainer.reports.attention import attention, frame_weights, overlaid
from trainer.reports.curves import POINTS, averaged, chart, curves, ticks
from trainer.reports.lists import camera_counts, sample, worst
from trainer.reports.page import table
from trainer.runs import Run

TINY = ("backbone=compact", "input_size=32x16", "identities=2", "per_identity=2", "threads=1", "epochs=1")


class Seen(HTMLParser):
    """Tags that are not closed, addresses, and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def config(**changed: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "recipe": "tcl/full_tri",
        "model": "tcl/full_tri",
        "dataset": "mars",
        "changed": {},
        "data": {"identities": 625},
    }
    return {**usual, **changed}


# the papers -----------------------------------------------------------------------------------------------------------


def test_every_printed_row_is_a_recipe_and_has_a_number_a_column() -> None:
    for columns, rows in TABLES:
        assert {where for where, _ in columns} <= set(dataset_names())
        for row, numbers in rows.items():
            assert row in CONFIGURATIONS
            assert len(numbers) <= len(columns)
            assert all(0 < number <= 100 for number in numbers)


def test_tables_that_print_a_row_twice_agree() -> None:
    for row in CONFIGURATIONS:
        told: dict[tuple[str, str], float] = {}
        for columns, rows in TABLES:
            for column, number in zip(columns, rows.get(row, ()), strict=False):
                assert told.setdefault(column, number) == number, (row, column)


def test_the_headlines_are_the_papers() -> None:
    heads = [(printed(row, "mars")["mAP"], printed(row, "mars")["rank1"]) for row in HEADLINES]
    assert heads == [(84.8, 91.0), (72.7, 84.4), (84.0, 89.4), (78.47, 87.02), (85.1, 89.8)]
    ilids = [printed(row, "ilids_vid")["rank1"] for row in HEADLINES]
    assert ilids == [90.4, 84.3, 86.0, 86.0, 86.6]
    prid = [printed(row, "prid2011").get("rank1") for row in HEADLINES]
    assert prid == [96.2, 92.7, 93.7, 95.5, None]
    assert printed("gltr/full", "ls_vid") == {
        "mAP": 44.32,
        "rank1": 63.07,
        "rank5": 77.22,
        "rank10": 83.81,
        "rank20": 88.41,
    }
    assert printed("stmp/full", "ls_vid") == {  # table 4 of GLTR, whose authors ran it
        "mAP": 39.14,
        "rank1": 56.78,
        "rank5": 76.18,
        "rank10": 82.02,
        "rank20": 87.12,
    }
    assert printed("gltr/full_rerank", "mars") == {"mAP": 85.54}
    assert printed("stmp/base", "mars") == {"mAP": 64.7, "rank1": 81.7, "rank5": 91.8, "rank20": 96.2}  # table 3
    assert printed("tcl/full", "nowhere") == {}


def test_the_table_sets_the_papers_figure_beside_ours() -> None:
    figures = {"mAP": 0.8412, "rank1": 0.9, "queries": 1980}
    text = Seen(papers_table(config(), figures)).text
    assert "85.184.12-0.98" in text
    assert "89.890.00+0.20" in text
    assert "no reproduction" not in text


@pytest.mark.parametrize(
    ("changes", "queries", "told"),
    [
        ({"changed": {"backbone": ["resnet50", "compact"]}}, 1980, "backbone is compact (the paper's: resnet50)"),
        ({"data": {"identities": 12}}, 1980, "12 people were learned from, the whole mars has 625"),
        ({}, 40, "40 queries count, the whole mars has 1980"),
        ({"dataset": "folder"}, 1980, "no paper printed figures on folder"),
        ({"recipe": "ours"}, 1980, "our own recipe"),
        (
            {"dataset": "ilids_vid", "data": {"identities": 150}},
            150,
            "one split, the printed figures are means over ten",
        ),
    ],
)
def test_what_keeps_a_run_from_being_the_reproduction_is_said(
    changes: dict[str, object], queries: int, told: str
) -> None:
    figures = {"mAP": 0.5, "rank1": 0.5, "queries": queries}
    assert any(told in reason for reason in differences(config(**changes), figures))
    text = Seen(papers_table(config(**changes), figures)).text
    assert "This is no reproduction" in text
    assert told in text
    assert differences(config(), {**figures, "queries": 1980}) == []


# lists and cameras ----------------------------------------------------------------------------------------------------


def test_cameras_are_counted_as_a_loop_counts_them(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [trial(range(1, 13))], seed=1, noise=2)
    (found,) = load_ranked(run.folder / RANKED)
    cameras, hits, asked = camera_counts(found)
    assert cameras == [1, 2, 3]
    for a in cameras:
        for b in cameras:
            expected = [0, 0]
            for q, pid in enumerate(found["query_pids"]):
                there = [g for g, p in enumerate(found["gallery_pids"]) if p == pid and found["gallery_camids"][g] == b]
                if found["query_camids"][q] == a != b and there:
                    expected[0] += any(g in found["nearest"][q] for g in there)
                    expected[1] += 1
            assert [hits[a - 1, b - 1], asked[a - 1, b - 1]] == expected
    assert asked[0].tolist() == [0, 12, 6]
    assert 0 < hits.sum() < asked.sum()


def test_failures_are_the_lowest_precisions_and_the_sample_goes_from_best_to_worst(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [trial(range(1, 30))], seed=1, noise=2)
    (found,) = load_ranked(run.folder / RANKED)
    counted = sorted(found["precision"][found["first"] >= 0])
    assert found["precision"][worst(found)].tolist() == [one for one in counted if one < 1][:8]
    shown = found["precision"][sample(found)].tolist()
    assert shown == sorted(shown, reverse=True)
    assert (shown[0], shown[-1]) == (counted[-1], counted[0])
    assert (found["first"][sample(found)] >= 0).all()


# curves ---------------------------------------------------------------------------------------------------------------


def test_a_curve_goes_through_its_points() -> None:
    svg = ElementTree.fromstring(chart("a & b", {"loss": [(1, 4.0), (2, 2.0), (3, 3.0)]}))
    (line,) = svg.findall("{*}polyline")
    places = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
    assert [x for x, _ in places] == pytest.approx([62, 285, 508])
    assert [y for _, y in places] == pytest.approx([30, 224, 127])  # down is less
    assert "a & b" in "".join(svg.itertext())


def test_long_curves_are_averaged_and_what_is_no_number_is_left_out() -> None:
    points = [(float(x), float(x % 7)) for x in range(1003)]
    short = averaged(points)
    assert len(short) == POINTS
    parts = np.array_split(np.arange(1003), POINTS)
    assert short[5] == pytest.approx((parts[5].mean(), np.mean([x % 7 for x in parts[5]])))
    lines = [
        {"event": "step", "step": n, "loss": loss, "terms": {"id": loss}, "lr": 0.1, "gradient_norm": 1.0}
        for n, loss in enumerate([1.0, float("nan"), float("inf"), 2.0])
    ]
    assert len(re.findall("<circle", curves(lines)[0])) == 2
    assert curves([]) == []


@pytest.mark.parametrize(("low", "high"), [(0, 1), (3, 3.02), (1e-6, 9e-6), (-5, 1200)])
def test_ticks_are_round_and_inside(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 2 <= len(found) <= 7
    assert all(low - 1e-9 <= one <= high + 1e-9 for one in found)


# attention ------------------------------------------------------------------------------------------------------------


def test_a_frames_share_is_its_part_of_all_weight() -> None:
    maps = torch.rand(3, 4, 2)
    expected = [float(one.mean()) / sum(float(other.mean()) for other in maps) for one in maps]
    found, plain = frame_weights(maps, 3), frame_weights(torch.tensor([1.0, 3.0]), 2)
    assert found is not None
    assert plain is not None
    assert found == pytest.approx(expected)
    assert plain.tolist() == [0.25, 0.75]
    assert frame_weights(torch.rand(3, 3), 3) is None
    frames = np.zeros((3, 8, 4, 3), np.uint8)
    assert [one.shape for one in overlaid(frames, maps.numpy())] == [(8, 4, 3)] * 3


@pytest.mark.parametrize("row", ["grl/full", "stmp/full", "rgsat/full", "gltr/full", "tcl/full", "grl/baseline"])
def test_every_model_shows_its_strips_also_where_only_shares_are_to_be_seen(row: str) -> None:
    model = build_model(row, backbone="compact", input_size=(64, 32))
    seen = Seen(attention(model, [replace(tracklet(3, 1), name="<b>")]))
    assert not seen.open
    assert "b" not in seen.tags
    assert "weighs neither" not in seen.text
    assert seen.tags.count("img") > 0


# the whole ------------------------------------------------------------------------------------------------------------


def test_text_is_escaped_wherever_it_comes_from(tmp_path: Path) -> None:
    nasty = "<script>alert('x')</script>"
    told = replace(trial(range(1, 6)))
    told = replace(told, query=tuple(replace(one, name=nasty + one.name) for one in told.query))
    run = write_run(tmp_path / "run", [told], seed=1, noise=1, dataset=nasty, verdict=nasty, recipe=nasty)
    run.measure("step", step=1, loss=1.0, terms={nasty: 1.0, "b": 2.0}, lr=1.0, seconds=1.0, clips=2, memory_mb=None)
    data = DataSet("x", (), (told,))
    seen = Seen(write_report(run, data, missing=nasty).read_text("utf-8"))
    assert "script" not in seen.tags
    assert nasty in seen.text


def test_training_leaves_a_report_with_everything_that_opens_offline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people, out = tmp_path / "people", tmp_path / "run"
    write_folder(people / "train", range(2), tracklets=1, frames=8)
    for part in ("query", "gallery"):
        write_folder(people / part, range(4, 7), tracklets=1, frames=2)
    reading = ["--option", "held_out=0.4"]
    assert main(["train", "grl", "folder", str(people), *reading, "--out", str(out), "--set", *TINY]) == 0
    assert Run(out).config()["reader"] == {"held_out": "0.4"}
    html = (out / "report.html").read_text("utf-8")
    seen = Seen(html)
    assert not seen.open
    assert {"script", "link", "iframe"}.isdisjoint(seen.tags)
    assert seen.sources
    assert all(source.startswith("data:image/jpeg;base64,") for source in seen.sources)
    assert "url(" not in html
    assert html.count("<svg") >= 4
    for told in (
        "This is no reproduction",
        "Failures",
        "from camera 1",
        "weights: share of each frame",
        "a step, median",
    ):
        assert told in seen.text

    other = open_dataset("folder", people)
    (people / "query").rename(tmp_path / "gone")
    (people / "gallery").rename(tmp_path / "gone too")
    assert main(["report", str(out)]) == 0
    assert "Without pictures" in (out / "report.html").read_text("utf-8")
    assert write_report(Run(out), replace(other, trials=())).exists()
    (out / "model.safetensors").write_bytes(b"damaged")
    (tmp_path / "gone").rename(people / "query")
    (tmp_path / "gone too").rename(people / "gallery")
    assert main(["report", str(out), "folder", str(people)]) == 0
    assert "Not drawn: " in (out / "report.html").read_text("utf-8")


def test_a_report_that_fails_does_not_lose_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("trainer.verbs.train.write_report", full)
    people, out = write_folder(tmp_path / "people", range(2), tracklets=1, frames=4), tmp_path / "run"
    assert main(["train", "grl", "folder", str(people), "--out", str(out), "--set", *TINY]) == 0
    assert (out / "result.json").exists()
    assert "no report was drawn (OSError: no space left)" in capsys.readouterr().err


def test_a_run_under_way_and_a_damaged_one_are_told_plainly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path / "run", [trial(range(1, 5))], seed=1, noise=1)
    (run.folder / "result.json").unlink()
    (run.folder / RANKED).write_bytes(b"no archive")
    text = Seen(write_report(run).read_text("utf-8")).text
    assert "has not ended" in text
    assert "holds no ranked lists" in text
    (run.folder / RANKED).unlink()
    assert "was not tested to its end" in Seen(write_report(run).read_text("utf-8")).text
    (run.folder / "result.json").write_text("{")
    with pytest.raises(InputError, match=r"result\.json cannot be read"):
        write_report(run)
    assert main(["report", str(tmp_path / "empty")]) == 3
    assert "holds no run" in capsys.readouterr().err
    assert main(["report", str(run.folder), "mars"]) == 2
    assert "report RUN DATASET ROOT" in capsys.readouterr().err


def test_pictures_of_another_data_set_are_not_shown_as_the_runs(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [trial(range(1, 5))], seed=1, noise=1)
    model = build_model("grl/full", backbone="compact", input_size=(32, 16))
    save_model(model, run.model)
    right = write_report(run, DataSet("x", (), (trial(range(1, 5)),))).read_text("utf-8")
    wrong = write_report(run, DataSet("x", (), (trial(range(2, 6)),))).read_text("utf-8")
    assert right.count("<img") > 10
    assert "<img" not in wrong
    assert "holds other tracklets" in wrong


def test_cells_are_tinted_by_their_share() -> None:
    html = table(["a", "b"], [["<", 1], ["x", 2]], [[0, 1.0], [0, 0.4]])
    assert "&lt;" in html
    assert re.findall(r"0,121,91,([\d.]+)", html) == ["0.45", "0.18"]
