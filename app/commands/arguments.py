"""Arguments that several verbs take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reid_engine.recordings import parse_time

CaseFolder = Annotated[Path, typer.Argument(metavar="CASE")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of sentences.")]

# of jobs
JsonLines = Annotated[bool, typer.Option("--json", help="Events as JSON lines.")]
Control = Annotated[Path | None, typer.Option(metavar="FILE", help="A file whose lines say cancel.")]
LongControl = Annotated[Path | None, typer.Option(help="A file whose lines say cancel, pause or resume.")]
Threads = Annotated[int | None, typer.Option(help="Processor threads for the networks.")]

# networks
DetectorFile = Annotated[Path | None, typer.Option(metavar="W", help="YOLO weights; else the bundled ones.")]
EmbedderFile = Annotated[Path | None, typer.Option(metavar="W", help="A bundled model, .safetensors, .onnx, .xml.")]
EmbedderCard = Annotated[Path | None, typer.Option(metavar="FILE", help="How to feed the embedder.")]
MovedWeights = Annotated[Path | None, typer.Option(metavar="W", help="Where the weights are now.")]

# who is let through, by search and by the lists
Cameras = Annotated[list[str] | None, typer.Option("--camera", metavar="NAME", help="Only these cameras.")]
FromTime = Annotated[str | None, typer.Option("--from", metavar="T", help="Not before.")]
ToTime = Annotated[str | None, typer.Option("--to", metavar="T", help="Not after.")]
Upper = Annotated[list[str] | None, typer.Option(metavar="COLOUR", help="Only such tops.")]
Lower = Annotated[list[str] | None, typer.Option(metavar="COLOUR", help="Only such trousers or skirts.")]
Quality = Annotated[float, typer.Option(min=0, max=1, help="Least quality of the best crop.")]


def moment(text: str) -> int:
    """ISO 8601 or microseconds UTC, to the latter. Raises UsageError."""
    return int(text) if text.isdecimal() else parse_time(text)
