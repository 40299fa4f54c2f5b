"""``reappear describe``: another model for everybody in a case, and which models it has."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.commands.arguments import CaseFolder, EmbedderCard, JsonLines, LongControl
from app.commands.investigate import embedder_of
from app.commands.program import Program, failure_told, job, say, tell, telling
from app.networks import bundled, standard
from reid_engine.case import Case
from reid_engine.describing import Described
from reid_engine.describing import describe as describe_all
from reid_engine.embedding import Embedder
from reid_engine.errors import UsageError
from reid_engine.jobs import JobControl
from reid_engine.store import KnownModel
from reid_engine.types import ModelId


def register(line: typer.Typer) -> None:
    """Add the verbs of this family."""
    line.command()(describe)


def describe(
    context: typer.Context,
    case: CaseFolder,
    embedder: Annotated[
        Path | None,
        typer.Option(
            metavar="W",
            help="A bundled model, .safetensors, .onnx, .xml, or a model of the case by its name; else that in force.",
        ),
    ] = None,
    embedder_card: EmbedderCard = None,
    listed: Annotated[bool, typer.Option("--list", help="Only say which models the case has.")] = False,
    threads: Annotated[int | None, typer.Option(help="Processor threads for the network.")] = None,
    control: LongControl = None,
    as_json: JsonLines = False,
) -> None:
    """Describe everybody again by another model, from the kept pictures; searches go by it once all are described.

    Run it again after any interruption: it goes on where it stopped. A model that has described everybody before, named
    as --list does, is in force at once. Without --embedder the model in force stays and describes whoever it has not.
    """
    if listed:
        with Case.open(case, read_only=True) as opened:
            _list(opened.store.known_models(), as_json=as_json)
        return
    with job(as_json=as_json, control_file=control) as controls, telling(Case.open(case)) as opened:
        with failure_told(controls):
            network = _network(context.obj, opened, embedder, embedder_card, threads, controls)
            done = describe_all(opened, network, controls)
        controls.reporter.event("result", ok=True, described=asdict(done))
    tell(_in_words(done))


def _network(
    program: Program, case: Case, given: Path | None, card: Path | None, threads: int | None, control: JobControl
) -> Embedder:
    """A model of the case from where it was used last, with its card of then; else the file that is meant.

    Without any word the model in force; the bundled one only where nobody was described yet.
    """
    in_force = case.store.model_in_force()
    if given is None and in_force is not None:
        if card is not None:
            raise UsageError("--embedder-card says how a file is fed: name that file with --embedder")
        return embedder_of(program, case, in_force)
    if given is not None and card is None and str(given) in case.store.models():
        return embedder_of(program, case, ModelId(str(given)))
    path = given or standard(bundled()).embedder
    if path is None:
        raise UsageError("--embedder is needed: no weights came with this installation")
    return program.load_embedder(path, card, threads=threads, control=control)


def _in_words(done: Described) -> str:
    if done.described:
        by = f"{done.described} of {done.tracklets} tracklets were described by {done.model}"
    else:
        by = f"all {done.tracklets} tracklets had a vector of {done.model} already"
    if done.before == done.model:
        return f"{by}, which is in force as before"
    return f"{by}, which is in force now" + ("" if done.before is None else f" instead of {done.before}")


def _list(models: list[KnownModel], *, as_json: bool) -> None:
    for known in models:
        if as_json:
            say(asdict(known))
            continue
        state = "in force" if known.in_force else ""
        count = f"{known.described} of {known.tracklets} tracklets"
        sys.stdout.write(f"{known.model}  {count}  {known.path or '-'}  {state}".rstrip() + "\n")
    if not models:
        tell("no model has described anybody here yet; ingest recordings first")
