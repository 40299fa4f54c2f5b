"""``reappear bench``: how fast this machine is, stage by stage."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.commands.arguments import Threads
from app.commands.program import Program, job, load_networks, say
from reid_engine.bench import Bench
from reid_engine.recordings import expand


def register(line: typer.Typer) -> None:
    """Add the verb."""
    line.command()(bench)


def bench(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILES...")],
    detector: Annotated[Path, typer.Option(metavar="W")],
    embedder: Annotated[Path, typer.Option(metavar="W")],
    embedder_card: Annotated[Path | None, typer.Option(metavar="FILE")] = None,
    threads: Threads = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Time decode, detect, track, embed, store and search on recordings of your own."""
    program: Program = context.obj
    settings = program.settings()
    with job(as_json=False) as control:
        networks = load_networks(
            program, detector, embedder, embedder_card, settings=settings, threads=threads, control=control
        )
        run = Bench(*networks, settings, control)
        timings = run.run(expand(files))
    for timing in timings:
        if as_json:
            say({**asdict(timing), "per_second": timing.per_second})
        else:
            sys.stdout.write(
                f"{timing.stage:<8} {timing.count:>7} {timing.unit:<10} {timing.per_second:>9.1f} a second "
                f"{1000 / max(timing.per_second, 1e-9):>9.2f} ms each\n"
            )
