"""fit: a whole run, from top to bottom.

A recipe is one or more stages (GLTR has two); a stage is epochs of batches, an objective and an optimizer. Every step
is computed by ``step``, every state that the next one depends on is kept by ``checkpoints``, every figure goes to the
run's folder. All that is random follows from the run's seed and the place in it, however often it was stopped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from reid_engine.errors import InputError, JobCancelled, UsageError
from reid_engine.jobs import JobControl
from reid_engine.models.base import VideoReidModel
from reid_engine.models.files import Story, fill_model, read_card, save_model
from trainer.checkpoints import Position, blend, load_checkpoint, save_checkpoint
from trainer.distributed import World, barrier, broadcast_float
from trainer.loading import Batch
from trainer.machine import Machine
from trainer.recipes import Labels, Objective, Recipe, Settings
from trainer.recipes.base import still_parts
from trainer.runs import Run
from trainer.schedule import evaluates_after, lr_factor, place
from trainer.step import NotFinite, Step

STEPS_APART = 1_000_000_007  # between the random streams of two seeds
PAUSE_POLL_S = 0.05
STOP = -1.0  # instead of the minutes, when the first process was asked to stop


class Batches(Protocol):
    """The batches of one stage, this process's share of each."""

    def __len__(self) -> int:
        """Batches of an epoch."""
        ...

    def epoch(self, number: int, first: int) -> Iterator[Batch]:
        """Those of epoch ``number`` from batch ``first`` on; the same however often they are asked for."""
        ...


class Data(Protocol):
    """What a run learns from and is tested on."""

    @property
    def name(self) -> str:
        """Of the data set."""
        ...

    @property
    def identities(self) -> int:
        """Classes to learn."""
        ...

    def batches(self, settings: Settings, model: VideoReidModel, world: World) -> Batches:
        """The training batches of a stage."""
        ...

    def evaluate(self, model: VideoReidModel, control: JobControl, *, final: bool) -> Mapping[str, float]:
        """{"mAP", "rank1", ..} of the model in eval mode by its paper's protocol; ``final`` also keeps ranked lists."""
        ...


@dataclass
class Stage:
    """A stage under way."""

    settings: Any
    objective: Objective
    optimizer: torch.optim.Optimizer
    step: Step
    batches: Batches

    def states(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        return {
            "model": self.step.model.state_dict(),
            "objective": self.objective.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }


def fit(
    recipe: Recipe,
    data: Data,
    run: Run,
    machine: Machine,
    *,
    seed: int = 0,
    control: JobControl | None = None,
    world: World | None = None,
    resume: bool = False,
) -> dict[str, Any]:
    """Train ``recipe`` on ``data`` into ``run``; returns what ``result.json`` holds.

    Raises JobCancelled when asked to stop, and NotFinite when a loss is no number any more; either leaves a checkpoint
    of a good state to go on from.
    """
    control, world = control or JobControl(), world or World(0, 1, torch.device(machine.chosen_device()))
    torch.manual_seed(seed)
    model = recipe.build(weights=recipe.settings.weights or None)
    machine.prepare(model)
    _refuse_small_frames(recipe, model)
    position, states = load_checkpoint(run.checkpoint) if resume else (Position(), {})
    if recipe.settings.start and not states:
        fill_model(model, Path(recipe.settings.start))
    if resume:
        _refuse_foreign(run, states["model"], model)
        model.load_state_dict(states["model"])
        if world.first:
            run.forget_after(position.steps)
    stages = recipe.method.stages(recipe.settings)
    fitting = Fitting(recipe, data, run, machine, seed, control, world, model, position)
    for settings in stages[position.stage :]:
        torch.manual_seed(seed + position.stage + 1)
        stage = fitting.begin(settings)
        if states:
            stage.objective.load_state_dict(states["objective"])
            stage.optimizer.load_state_dict(states["optimizer"])
            states = {}
        elif settings.start and not position.stage:
            fitting.evaluate()
            stage.objective.acquaint(fitting.looked_at(stage))
        fitting.train(stage)
        position.stage, position.epoch, position.batch, position.stage_seconds = position.stage + 1, 0, 0, 0.0
    return fitting.finish()


@dataclass
class Fitting:
    """A run under way."""

    recipe: Recipe
    data: Data
    run: Run
    machine: Machine
    seed: int
    control: JobControl
    world: World
    model: VideoReidModel
    position: Position

    def begin(self, settings: Any) -> Stage:
        """The objective, optimizer and batches of a stage."""
        method, world = self.recipe.method, self.world
        self.model.requires_grad_(True)  # an earlier stage may have left parts alone
        for part in still_parts(self.model, settings):
            part.requires_grad_(False)
        objective = method.objective(self.model, self.data.identities, settings).to(world.device)
        optimizer = build_optimizer(settings, method.groups(self.model, objective, settings))
        network: Any = torch.compile(self.model) if self.machine.compile else self.model
        if world.size > 1:
            ids = [world.device] if world.device.type == "cuda" else None
            network = nn.parallel.DistributedDataParallel(network, device_ids=ids)
        share = settings.batch // world.size
        fewest = 4 if settings.sampler == "pairs" else 2
        if not settings.freeze_bn and (share < 2 or settings.batch < fewest):
            raise UsageError(
                f"{settings.batch} clips are too few for batch statistics: a batch has at least {fewest}, a process 2; "
                "set larger identities or per_identity"
            )
        micro = self.position.micro_batch or min(self.machine.micro_batch or share, share)
        step = Step(self.model, network, objective, world, micro, self.machine.in_half())
        return Stage(settings, objective, optimizer, step, self.data.batches(settings, self.model, world))

    def looked_at(self, stage: Stage) -> Iterator[tuple[Any, Labels]]:
        """What the model says of an epoch of clips before it learns any of them."""
        self.model.eval()
        for batch in stage.batches.epoch(0, 0):
            if self.control.cancelled and self.world.size == 1:
                raise JobCancelled("stopped before the first step")
            yield stage.step.look(batch.clips.to(self.world.device), Labels(batch.pids, batch.indices))

    def train(self, stage: Stage) -> None:
        """All epochs of a stage that are still to come."""
        position, settings = self.position, stage.settings
        self._save(stage)
        try:
            while position.epoch < settings.epochs:
                self._training_mode(stage)
                if not self._epoch(stage):
                    break
                position.epoch, position.batch = position.epoch + 1, 0
                if evaluates_after(settings, position.epoch):
                    self.evaluate()
                self._save(stage)
        except JobCancelled as stopped:
            self._save(stage)
            steps = "1 step" if position.steps == 1 else f"{position.steps} steps"
            raise JobCancelled(f"stopped as asked after {steps}; go on with --resume") from stopped
        except NotFinite as error:
            raise NotFinite(
                f"at step {position.steps + 1}, {error}; the last good state is in {self.run.checkpoint}. "
                "Start again with a smaller lr, or look at the batch: --resume goes on from that state"
            ) from error
        self._save(stage)

    def _epoch(self, stage: Stage) -> bool:
        """The batches of an epoch from the position on; False when the time of the stage is over."""
        position, saved = self.position, time.monotonic()
        batches, total = stage.batches.epoch(position.epoch, position.batch), len(stage.batches)
        started = time.monotonic()
        for batch in batches:
            minutes = broadcast_float(STOP if self.control.cancelled else position.stage_seconds / 60, self.world)
            if minutes == STOP:
                raise JobCancelled("stopped")
            epoch = place(stage.settings, position.epoch + position.batch / total, minutes)
            if epoch >= stage.settings.epochs:
                return False
            terms, lr = self._step(stage, batch, epoch)
            spent = time.monotonic() - started
            self._count(spent)
            self._record(stage, terms, lr, epoch, spent, len(batch.clips) * self.world.size)
            due = self.machine.checkpoint_minutes and time.monotonic() - saved > 60 * self.machine.checkpoint_minutes
            if due or (self.machine.checkpoint_steps and position.steps % self.machine.checkpoint_steps == 0):
                self._save(stage)
                saved = time.monotonic()
            started = time.monotonic()
        return True

    def _step(self, stage: Stage, batch: Batch, epoch: float) -> tuple[dict[str, float], float]:
        """One batch: gradients, the optimizer, the tables."""
        device, factor = self.world.device, lr_factor(stage.settings, epoch)
        for group in stage.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor
        labels = Labels(batch.pids.to(device, non_blocking=True), batch.indices.to(device, non_blocking=True))
        clips = batch.clips.to(device, non_blocking=True)
        stage.optimizer.zero_grad(set_to_none=True)
        terms, halved = stage.step.backward(clips, labels, self._seed())
        if halved:
            self.position.micro_batch = stage.step.micro_batch
            self.control.notice(
                f"memory does not hold {len(clips)} clips; they now pass the model {stage.step.micro_batch} at a time "
                f"(batches stay {stage.settings.batch} clips, batch statistics are of fewer)"
            )
        stage.optimizer.step()
        stage.step.settle()
        return terms, float(stage.optimizer.param_groups[0]["lr"])

    def _seed(self) -> int:
        """Of the next step; steps are far enough apart for the processes and micro-batches of one."""
        return (self.seed * STEPS_APART + self.position.steps * 4099) % 2**63

    def _training_mode(self, stage: Stage) -> None:
        self.model.train()
        stage.objective.train()
        if stage.settings.freeze_bn:
            for module in (*self.model.modules(), *stage.objective.modules()):
                if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001
                    module.eval()
        for part in still_parts(self.model, stage.settings):
            part.eval()

    def _count(self, seconds: float) -> None:
        self.position.batch += 1
        self.position.steps += 1
        self.position.seconds += seconds
        self.position.stage_seconds += seconds

    def _record(
        self, stage: Stage, terms: dict[str, float], lr: float, epoch: float, seconds: float, clips: int
    ) -> None:
        """The step into the run's folder and to whoever listens; waits here while paused."""
        if not self.world.first:
            return
        position, norm = self.position, terms.pop("gradient norm")
        loss = sum(terms.values())
        self.run.measure(
            "step",
            step=position.steps,
            stage=position.stage,
            epoch=round(epoch, 4),
            loss=loss,
            terms=terms,
            gradient_norm=norm,
            lr=lr,
            seconds=round(seconds, 4),
            clips=clips,
            memory_mb=_memory_mb(self.world.device),
        )
        self.control.reporter.event("progress", **self._told(stage, loss, terms, lr, clips / max(seconds, 1e-9)))
        while self.control.paused and not self.control.cancelled:
            time.sleep(PAUSE_POLL_S)  # the other processes wait for this one's next word

    def _told(self, stage: Stage, loss: float, terms: Mapping[str, float], lr: float, speed: float) -> dict[str, Any]:
        """How far the run is, for a listener; steps and seconds to come are those of the present stage."""
        position, settings, each = self.position, stage.settings, len(stage.batches)
        done = position.epoch + position.batch / each
        share = max(place(settings, done, position.stage_seconds / 60) / settings.epochs, 1e-9)
        stages, best = len(self.recipe.method.stages(self.recipe.settings)), position.best
        return {
            "stage": "train",
            "done": position.steps,
            "total": position.steps + round(done * each * (1 / share - 1)),
            "epoch": round(done, 2),
            "epochs": settings.epochs,
            "loss": loss,
            "terms": dict(terms),
            "lr": lr,
            "clips_a_second": round(speed, 1),
            "eta_s": round(position.stage_seconds * (1 / share - 1), 1),
            **({"part": position.stage + 1, "parts": stages} if stages > 1 else {}),
            **({"best": {"rank1": best[0], "epoch": best[1]}} if best else {}),
        }

    def evaluate(self, *, final: bool = False) -> Mapping[str, float]:
        """The figures of the model as it is; keeps it where it is the best so far."""
        figures: Mapping[str, float] = {}
        if self.world.first:
            self.model.eval()
            started = time.monotonic()
            figures = dict(self.data.evaluate(self.model, self.control, final=final))
            seconds = round(time.monotonic() - started, 2)
            epoch = self._epochs_before() + self.position.epoch
            line = {"step": self.position.steps, "epoch": epoch, "final": final, "seconds": seconds, **figures}
            self.run.measure("evaluation", **line)
            self.control.reporter.event("evaluation", **line)
            best = self.position.best
            if figures and (not best or figures["rank1"] > best[0]):
                self.position.best = [figures["rank1"], float(epoch)]
                if not final and self.position.steps:  # before the first step it is the file that was begun with
                    save_model(self.model, self.run.best, self._story(figures, "best rank-1 on the test data"))
        barrier(self.world)
        return figures

    def _epochs_before(self) -> int:
        """Of the stages that are over."""
        stages = self.recipe.method.stages(self.recipe.settings)
        return sum(settings.epochs for settings in stages[: self.position.stage])

    def _save(self, stage: Stage) -> None:
        if self.world.first:
            save_checkpoint(self.run.checkpoint, self.position, **stage.states())

    def finish(self) -> dict[str, Any]:
        """Write the last epoch's model, test it, and write its card with the figures and the run's result."""
        if self.recipe.settings.start:
            blend(self.model, Path(self.recipe.settings.start), self.recipe.settings.keep)
        if self.world.first:
            save_model(self.model, self.run.model, self._story({}, "last epoch"))
        figures = self.evaluate(final=True)
        if not self.world.first:
            return {}
        digest = save_model(self.model, self.run.model, self._story(figures, "last epoch"))
        losses = [line["loss"] for line in self.run.measured() if line["event"] == "step"]
        result = {
            "recipe": self.recipe.name,
            "variant": self.recipe.variant,
            "verdict": self.recipe.verdict(),
            "dataset": self.data.name,
            "before": self.run.before(),
            "results": dict(figures),
            "best": {"rank1": self.position.best[0], "epoch": self.position.best[1]} if self.position.best else None,
            "steps": self.position.steps,
            "seconds": round(self.position.seconds, 1),
            "first_loss": losses[0] if losses else None,
            "last_loss": losses[-1] if losses else None,
            "memory_mb": _memory_mb(self.world.device),
            "model": str(self.run.model),
            "sha256": digest,
            "machine": asdict(self.machine),
            "device": _device_name(self.world.device),
        }
        self.run.finish(result)
        return result

    def _story(self, figures: Mapping[str, float], chosen: str) -> Story:
        settings = self.recipe.settings
        card = read_card(Path(settings.start)) if settings.start else {}
        origin = {"start": f"{Path(settings.start).name}, SHA-256 {card['sha256']}"} if card else {}
        return Story(
            provenance={
                "recipe": self.recipe.name,
                "settings": self.recipe.verdict(),
                **(origin or {"trunk weights": settings.weights or "none"}),
                "chosen": chosen,
                "seed": str(self.seed),
                "steps": str(self.position.steps),
            },
            training_data=(*card.get("training_data", ()), self.data.name),
            results={f"{self.data.name} {name}": number for name, number in figures.items() if name != "queries"},
        )


def _refuse_small_frames(recipe: Recipe, model: VideoReidModel) -> None:
    """Raise UsageError where nothing is left of a frame somewhere in the model, side branches of training included."""
    if "input_size" not in recipe.options:
        return
    height, width = model.spec.input_size
    clips = torch.zeros(2, model.spec.clip_length, 3, height, width, device=next(model.parameters()).device)
    kept = [buffer.clone() for buffer in model.buffers()]
    try:
        with torch.no_grad():
            model.train()(clips)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise UsageError(
            f"frames of {height}x{width} are too small for the backbone {model.options.backbone}: {error}"
        ) from error
    for buffer, before in zip(model.buffers(), kept, strict=True):
        buffer.copy_(before)


def _refuse_foreign(run: Run, state: Mapping[str, torch.Tensor], model: nn.Module) -> None:
    """Raise InputError for a checkpoint whose weights are not the model's, by name and shape."""
    shapes = [{key: tuple(tensor.shape) for key, tensor in one.items()} for one in (state, model.state_dict())]
    if odd := sorted(key for key in {*shapes[0], *shapes[1]} if shapes[0].get(key) != shapes[1].get(key)):
        raise InputError(f"{run.checkpoint} is of another model: {odd[0]} differs ({len(odd)} such tensors)")


def build_optimizer(settings: Settings, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    """The recipe's optimizer; every group remembers the learning rate it begins with."""
    optimizer: torch.optim.Optimizer
    if settings.optimizer == "sgd":
        optimizer = torch.optim.SGD(
            groups,
            lr=settings.lr,
            momentum=settings.momentum,
            nesterov=settings.nesterov,
            weight_decay=settings.weight_decay,
        )
    else:
        kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
        optimizer = kind(groups, lr=settings.lr, weight_decay=settings.weight_decay)
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]
    return optimizer


def _memory_mb(device: torch.device) -> float | None:
    """The most that was allocated on a CUDA device; None on the processor."""
    return round(torch.cuda.max_memory_allocated(device) / 2**20, 1) if device.type == "cuda" else None


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "processor"
