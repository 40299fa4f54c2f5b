"""A run: what it writes, that it goes on bit by bit from anywhere, and how it ends when it must."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from reid_engine.errors import DiskFull, InputError, JobCancelled, UsageError
from reid_engine.jobs import JobControl
from reid_engine.models.base import VideoReidModel
from reid_engine.models.files import load_model
from tests.trainer.drawn import DrawnBatches, DrawnData
from trainer.checkpoints import Position, load_checkpoint, save_checkpoint
from trainer.distributed import World
from trainer.loading import Batch
from trainer.loop import fit
from trainer.machine import Machine
from trainer.recipes import Recipe, Settings, find_recipe
from trainer.runs import Run, alone, describe, resume_run, start_run, with_room
from trainer.step import NotFinite

ROWS = ("grl", "stmp", "rgsat", "gltr", "tcl/full_tri", "ours")
DATA: dict[str, Any] = {"tracklets": 4, "identities": 2, "frames": 16, "sha256": "a" * 64}


def small(name: str, **changes: Any) -> Recipe:
    size = "64x32" if name.startswith(("tcl", "ours")) else "32x16"
    tiny = {"backbone": "compact", "input_size": size, "identities": "2", "per_identity": "2", "epochs": "2"}
    tiny["clip_length"] = "2"
    if name == "gltr":
        tiny |= {"frame_epochs": "1", "frame_batch": "4", "identities": "4", "per_identity": "1"}
    return find_recipe(name, {**tiny, **changes})


def new_run(folder: Path, recipe: Recipe) -> Run:
    return start_run(folder, config(recipe))


def config(recipe: Recipe, **changes: Any) -> dict[str, Any]:
    return {**describe(recipe, seed=0, dataset="drawn", root=Path("drawn"), data=DATA), **changes}


class StopAfter:
    """A listener that has enough after some steps."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.control = JobControl(self)
        self.events: list[dict[str, Any]] = []

    def event(self, kind: str, **fields: Any) -> None:
        self.events.append({"event": kind, **fields})
        if kind == "progress" and fields.get("stage") == "train" and fields["done"] >= self.steps:
            self.control.cancel()


def state_of(run: Run) -> dict[str, Tensor]:
    """Every tensor of a checkpoint by its path."""

    def walk(prefix: str, content: Any) -> Iterator[tuple[str, Tensor]]:
        if isinstance(content, Tensor):
            yield prefix, content
        elif isinstance(content, dict):
            for key, value in content.items():
                yield from walk(f"{prefix}.{key}", value)

    return dict(walk("", load_checkpoint(run.checkpoint)[1]))


def losses_of(run: Run) -> list[float]:
    return [line["loss"] for line in run.measured() if line["event"] == "step"]


@pytest.mark.parametrize("name", ROWS)
def test_a_run_that_was_stopped_goes_on_bit_by_bit(name: str, tmp_path: Path) -> None:
    """Weights, optimizer, tables, place and randomness; GLTR is stopped in its first stage and in its second."""
    recipe, data = small(name), DrawnData(4, 2)
    whole = new_run(tmp_path / "whole", recipe)
    fit(recipe, data, whole, Machine())
    parts = new_run(tmp_path / "parts", recipe)
    stops = (1, 3) if name == "gltr" else (3,)
    for steps in stops:
        listener = StopAfter(steps)
        with pytest.raises(JobCancelled, match=f"after {steps} steps?; go on with --resume"):
            fit(recipe, data, parts, Machine(), control=listener.control, resume=steps != stops[0])
    torch.manual_seed(123)  # whatever else the process has done meanwhile
    fit(recipe, data, parts, Machine(), resume=True)
    assert losses_of(whole) == losses_of(parts)
    expected, found = state_of(whole), state_of(parts)
    assert expected.keys() == found.keys()
    for key, tensor in expected.items():
        assert torch.equal(tensor, found[key]), key
    shipped = load_file(parts.model)
    for key, tensor in load_file(whole.model).items():
        assert torch.equal(tensor, shipped[key]), key


def test_a_run_s_folder_tells_the_whole_story(tmp_path: Path) -> None:
    recipe = small("tcl/full_tri", evaluate_every="1")
    run = new_run(tmp_path / "run", recipe)
    data = DrawnData(4, 2)
    result = fit(recipe, data, run, Machine())
    lines = list(run.measured())
    steps = [line for line in lines if line["event"] == "step"]
    assert [line["step"] for line in steps] == [1, 2, 3, 4]
    for line in steps:
        assert {"epoch", "loss", "terms", "lr", "seconds", "clips", "gradient_norm", "memory_mb"} <= line.keys()
        assert line["loss"] == pytest.approx(sum(line["terms"].values()))
    tests = [line for line in lines if line["event"] == "evaluation"]
    assert [(line["epoch"], line["final"]) for line in tests] == [(1, False), (2, True)]
    assert json.loads((run.folder / "result.json").read_text()) == result
    assert result["verdict"].startswith("not the paper's settings: backbone=compact")
    assert (result["first_loss"], result["last_loss"]) == (steps[0]["loss"], steps[-1]["loss"])
    assert run.config()["changed"]["epochs"] == [150, 2]
    model, card = load_model(run.model)
    assert card["provenance"]["settings"] == result["verdict"]
    assert card["training_data"] == ["drawn"]
    assert card["results"] == {f"drawn {name}": value for name, value in result["results"].items()}
    assert data.evaluate(model, JobControl(), final=True) == result["results"], "the file is the model that was tested"
    assert run.best.exists()


def test_the_objective_never_ships(tmp_path: Path) -> None:
    recipe = small("grl", epochs="1")
    run = new_run(tmp_path / "run", recipe)
    fit(recipe, DrawnData(4, 1), run, Machine())
    shipped = load_file(run.model)
    assert shipped.keys() == recipe.build().state_dict().keys()
    assert any("table" in key for key in state_of(run)), "while the checkpoint has it"


class Poisoned(DrawnData):
    """One picture of the third batch is broken beyond numbers."""

    def batches(self, settings: Settings, model: VideoReidModel, world: World) -> DrawnBatches:
        class Broken(DrawnBatches):
            def epoch(self, number: int, first: int) -> Iterator[Batch]:
                for at, batch in enumerate(super().epoch(number, first), first):
                    if (number, at) == (1, 0):
                        batch.clips[0] = torch.nan
                    yield batch

        return Broken(self.identities, settings, model, world, self._batches)


def test_a_part_that_stands_still_stays_as_it_was_while_the_rest_learns(tmp_path: Path) -> None:
    recipe = small("grl", still="trunk")
    torch.manual_seed(0)  # the run's own seed
    begun = recipe.build().state_dict()
    run = new_run(tmp_path / "run", recipe)
    fit(recipe, DrawnData(), run, Machine())
    after = load_model(run.model)[0].state_dict()
    moved = {name.split(".")[0] for name, tensor in begun.items() if not torch.equal(tensor, after[name])}
    assert moved == {"gce", "trl", "bn_high", "bn_low", "pooling"}, "neither weights nor statistics of the trunk"


@pytest.mark.parametrize("name", ["gltr", "gltr/dtp", "gltr/baseline"])
def test_gltr_s_first_stage_leaves_the_temporal_part_as_it_was_begun(name: str, tmp_path: Path) -> None:
    """Section 4.2 trains the 2D CNN first: frames alone say nothing of time, nor may they move TSA's statistics."""
    recipe, listener = small(name, frame_epochs="1", frame_batch="4", identities="4", per_identity="1"), StopAfter(1)
    torch.manual_seed(0)  # the run's own seed
    begun = recipe.build().state_dict()
    run = new_run(tmp_path / "run", recipe)
    with pytest.raises(JobCancelled):
        fit(recipe, DrawnData(4, 2), run, Machine(), control=listener.control)
    assert _moved(begun, load_checkpoint(run.checkpoint)[1]["model"]) == {"trunk", "feature"}
    fit(recipe, DrawnData(4, 2), run, Machine(), resume=True)
    assert _moved(begun, load_file(run.model)) == {key.split(".")[0] for key in begun}, "then everything learns"


def _moved(begun: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    return {key.split(".")[0] for key, tensor in begun.items() if not torch.equal(tensor, after[key])}


def test_a_part_that_is_none_is_said(tmp_path: Path) -> None:
    recipe = small("grl", still="trunck")
    with pytest.raises(UsageError, match=r"grl has no part 'trunck'; there are early, trunk, gce"):
        fit(recipe, DrawnData(), new_run(tmp_path / "run", recipe), Machine())


def test_a_loss_that_is_no_number_stops_the_run_at_its_last_good_state(tmp_path: Path) -> None:
    recipe = small("grl", variant="released")
    run = new_run(tmp_path / "run", recipe)
    with pytest.raises(NotFinite, match=r"at step 3, the loss is no number any more .*checkpoint.pt"):
        fit(recipe, Poisoned(4, 2), run, Machine())
    position, _ = load_checkpoint(run.checkpoint)
    assert (position.steps, position.epoch) == (2, 1)
    assert all(bool(tensor.isfinite().all()) for tensor in state_of(run).values())
    fit(recipe, DrawnData(4, 2), run, Machine(), resume=True)
    assert len(losses_of(run)) == 4


def test_a_run_that_is_short_of_memory_says_so_and_remembers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, listener = small("tcl/full"), StopAfter(99)
    run, build = new_run(tmp_path / "run", recipe), Recipe.build

    def cramped(self: Recipe, **weights: Any) -> VideoReidModel:
        model = build(self, **weights)

        def check(module: object, inputs: tuple[Tensor, ...]) -> None:
            if model.training and len(inputs[0]) > 2:
                raise torch.OutOfMemoryError("no more memory")

        model.register_forward_pre_hook(check)
        return model

    monkeypatch.setattr(Recipe, "build", cramped)
    fit(recipe, DrawnData(4, 2), run, Machine(), control=listener.control)
    told = [event["message"] for event in listener.events if event["event"] == "notice"]
    assert told == [
        "memory does not hold 4 clips; they now pass the model 2 at a time (batches stay 4 clips, batch statistics are "
        "of fewer)"
    ]
    assert load_checkpoint(run.checkpoint)[0].micro_batch == 2


def test_a_run_bounded_by_time_anneals_and_ends_cleanly(tmp_path: Path) -> None:
    recipe = small("ours", epochs="100000", max_minutes="0.02")
    run = new_run(tmp_path / "run", recipe)
    result = fit(recipe, DrawnData(4, 2), run, Machine())
    rates = [line["lr"] for line in run.measured() if line["event"] == "step"]
    assert 2 <= result["steps"] < 100000
    assert 0.9 < result["seconds"] < 30
    assert rates[-1] < max(rates)
    load_model(run.model)


def test_a_listener_hears_how_far_it_is_and_when_it_ends(tmp_path: Path) -> None:
    recipe, listener = small("rgsat"), StopAfter(99)
    fit(recipe, DrawnData(4, 2), new_run(tmp_path / "run", recipe), Machine(), control=listener.control)
    progress = [event for event in listener.events if event["event"] == "progress"]
    assert [(event["done"], event["total"]) for event in progress] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [event["epoch"] for event in progress] == [0.5, 1.0, 1.5, 2.0]
    for event in progress:
        assert event["loss"] == pytest.approx(sum(event["terms"].values()))
        assert event["clips_a_second"] > 0
        assert {"epochs", "lr"} <= event.keys()
    first, *_, last = (event["eta_s"] for event in progress)
    assert 0 < first < 600, "the first step knows already what three more will take"
    assert last == 0
    assert listener.events[-1]["event"] == "evaluation"


def test_a_listener_hears_of_the_second_stage_as_a_stretch_of_its_own(tmp_path: Path) -> None:
    recipe, listener = small("gltr", evaluate_every="1"), StopAfter(99)
    fit(recipe, DrawnData(4, 2), new_run(tmp_path / "run", recipe), Machine(), control=listener.control)
    progress = [event for event in listener.events if event["event"] == "progress"]
    assert [(event["part"], event["parts"]) for event in progress] == [(1, 2)] * 2 + [(2, 2)] * 4
    assert [event["total"] for event in progress] == [2, 2, 6, 6, 6, 6]
    assert "best" not in progress[0]
    assert progress[-1]["best"]["epoch"] == 2, "one of frames and one of clips"


def test_a_folder_with_a_run_is_not_overwritten(tmp_path: Path) -> None:
    recipe = small("tcl/full")
    run = new_run(tmp_path, recipe)
    run.checkpoint.touch()
    with pytest.raises(UsageError, match="holds a run already; go on with it by --resume"):
        new_run(tmp_path, recipe)


def test_a_run_that_ended_before_it_learned_anything_is_started_again_in_its_folder(tmp_path: Path) -> None:
    new_run(tmp_path, small("tcl/full", lr="0.5"))
    with pytest.raises(InputError, match="nothing was learned yet; leave --resume out"):
        fit(small("tcl/full"), DrawnData(4, 1), Run(tmp_path), Machine(), resume=True)
    assert new_run(tmp_path, small("tcl/full", lr="0.1")).config()["settings"]["lr"] == 0.1


def test_only_one_training_works_in_a_folder(tmp_path: Path) -> None:
    with alone(tmp_path / "run"), pytest.raises(UsageError, match="another training works in"), alone(tmp_path / "run"):
        pass
    with alone(tmp_path / "run"):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file cannot hold a run"), alone(tmp_path / "file"):
        pass


def test_a_full_disk_is_told_and_the_last_checkpoint_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch's writer hides what the disk said behind an error of its own."""
    save_checkpoint(tmp_path / "checkpoint.pt", Position(steps=7), model={}, objective={}, optimizer={})

    def full(_: object, file: Any) -> None:
        file.write(b"half")
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise RuntimeError("unexpected pos 64 vs 0") from error

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(DiskFull, match=r"no space is left where .* go on with --resume"), with_room(tmp_path):
        save_checkpoint(tmp_path / "checkpoint.pt", Position(), model={}, objective={}, optimizer={})
    assert load_checkpoint(tmp_path / "checkpoint.pt")[0].steps == 7
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"], "what was half written takes no room"


def test_a_broken_config_is_named(tmp_path: Path) -> None:
    for text, sentence in (("[]", "lacks everything"), ('{"recipe": "ours"}', "lacks model"), ("{", "cannot be read")):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(InputError, match=rf"config\.json .*{sentence}"):
            Run(tmp_path).config()


@pytest.mark.parametrize(("name", "identities", "each"), [("grl", "1", "2"), ("tcl/full", "1", "1")])
def test_a_batch_that_has_no_statistics_is_refused(name: str, identities: str, each: str, tmp_path: Path) -> None:
    recipe = small(name, identities=identities, per_identity=each)
    with pytest.raises(UsageError, match="clips are too few for batch statistics"):
        fit(recipe, DrawnData(4, 1), new_run(tmp_path, recipe), Machine())


def test_frames_that_are_too_small_for_a_trunk_are_said(tmp_path: Path) -> None:
    recipe = find_recipe("gltr", {"backbone": "alexnet", "input_size": "32x16"})
    with pytest.raises(UsageError, match=r"frames of 32x16 are too small for the backbone alexnet: .*too small"):
        fit(recipe, DrawnData(4, 1), new_run(tmp_path, recipe), Machine())


def test_going_on_where_nothing_was_begun_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no run to go on with"):
        resume_run(tmp_path, config(small("tcl/full")))


def test_what_has_changed_since_a_run_was_started_is_a_clear_sentence(tmp_path: Path) -> None:
    recipe = small("tcl/full")
    new_run(tmp_path, recipe)
    assert resume_run(tmp_path, config(recipe))[1] == []
    fewer = {**DATA, "tracklets": 3, "sha256": "b" * 64}
    with pytest.raises(InputError, match=r"the data of .* has changed .*4 tracklets, 16 frames, aaaaaaaa then, 3"):
        resume_run(tmp_path, config(recipe, data=fewer))
    with pytest.raises(InputError, match=r"started with lr 0\.0003, not 0\.1"):
        resume_run(tmp_path, config(small("tcl/full", lr="0.1")))
    with pytest.raises(InputError, match=r"started with recipe 'tcl/full', not 'tcl/full_tri'"):
        resume_run(tmp_path, config(small("tcl/full_tri")))
    _, told = resume_run(tmp_path, config(recipe, code="c" * 64, torch="9.9"))
    assert told[0].startswith("the trainer's code has changed since the run was started")
    assert "and is 9.9 now" in told[1]
    assert resume_run(tmp_path, config(small("tcl/full", max_minutes="3")))[1] == [], "time may be given or taken"


class Stranger:
    """What a pickle may ask of whoever opens it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("opened"),)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK nonsense", "is no checkpoint of a run"),
        (b"hello", "is no checkpoint of a run"),
        (b"abc", "is no checkpoint of a run"),
        (b"", "is no checkpoint of a run"),
        ({"format": 1, "weights": Stranger()}, "holds more than numbers and was not opened"),
        ({"format": 1, "rng": torch.get_rng_state(), "position": {}}, "lacks model"),
        (
            {"format": 1, "rng": torch.zeros(3), "position": {}, "model": {}, "objective": {}, "optimizer": {}},
            "is no checkpoint of this version",
        ),
        (
            {"format": 1, "rng": torch.get_rng_state(), "position": {"place": 3}}
            | {"model": {}, "objective": {}, "optimizer": {}},
            "is no checkpoint of this version",
        ),
        (torch.zeros(3), "is no checkpoint of this version"),
    ],
)
def test_a_checkpoint_that_is_none_is_refused_in_one_line(
    content: object, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "checkpoint.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(InputError, match=rf"checkpoint\.pt .*{sentence}") as told:
        load_checkpoint(path)
    assert "\n" not in str(told.value)
    assert not Path("opened").exists()


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", small("tcl/full", epochs="1"))
    fit(small("tcl/full", epochs="1"), DrawnData(4, 1), run, Machine())
    other = new_run(tmp_path / "other", small("stmp", epochs="1"))
    other.checkpoint.write_bytes(run.checkpoint.read_bytes())
    with pytest.raises(InputError, match=r"checkpoint\.pt is of another model"):
        fit(small("stmp", epochs="1"), DrawnData(4, 1), other, Machine(), resume=True)


def test_a_teacher_is_followed(tmp_path: Path) -> None:
    """``ours`` with vectors of a teacher: one a tracklet, found by the batch's indices."""
    vectors = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)
    np.savez(tmp_path / "teacher.npz", vectors=vectors)
    for distill in ("relational", "cosine"):
        recipe = small("ours", targets=str(tmp_path / "teacher.npz"), distill=distill, epochs="1")
        run = new_run(tmp_path / distill, recipe)
        fit(recipe, DrawnData(4, 2), run, Machine())
        terms = [line["terms"]["teacher"] for line in run.measured() if line["event"] == "step"]
        assert all(0 < term < 2 for term in terms)


def test_a_teacher_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no teacher's vectors"):
        fit(small("ours", targets=str(tmp_path / "none.npz")), DrawnData(4, 1), Run(tmp_path), Machine())
