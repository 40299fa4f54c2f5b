"""Rank-1 and mAP of the bundled models beside public networks and colour histograms, with intervals.

    python -m tests.measure.reid --real-data FOLDER [--generated FOLDER] [--embedder NAME|FILE ...] [--json FILE]

--real-data: holds sequences/mini_mars, sequences/mini_market1501, videos/epfl_campus4 and reid_weights; what is missing
             is left out, and said
--generated: query and gallery of ``trainer world sequences``
--embedder:  bundled models' names, networks' files, or ``stripes``; without it all that can be found

mini_mars/bbox_test: every tracklet against all others, the same person before the same camera left out, 12 frames of
each spread evenly. mini_market1501: query against bounding_box_test, single pictures. EPFL campus: the hand-labelled
tracklets, 12 crops each, asked of the other view. Generated: 4 frames of each tracklet, query against gallery. Every
model through the program's own embedder (OpenVINO), all crops counting the same. The intervals are bootstraps over
identities, 4,000 drawings, the gallery kept. Vectors are kept in --cache, so a second run costs little.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.measure.describers import Describer, add_arguments, everybody, load, vectors
from tests.measure.intervals import Estimate, estimates
from tests.measure.sets import LabelledSet, ranked, read_campus, read_generated, read_market, read_mars


def read_sets(real_data: Path | None, generated: Path | None) -> list[LabelledSet]:
    """All that can be read; says what cannot."""
    readers: list[tuple[Path | None, Callable[[Path], LabelledSet]]] = []
    if real_data:
        readers.append((real_data / "sequences/mini_mars/bbox_test", read_mars))
        readers.append((real_data / "sequences/mini_market1501", read_market))
        readers.append((real_data / "videos/epfl_campus4", read_campus))
    readers.append((generated, read_generated))
    found = []
    for path, read in readers:
        if path is not None and path.is_dir():
            found.append(read(path))
            print(found[-1].said(), flush=True)
        elif path is not None:
            print(f"left out, because it is not there: {path}")
    return found


def measured(by: Describer, labelled: LabelledSet, cache: Path) -> dict[str, Any]:
    """Of one model on one set: estimates as [value, low, high]."""
    rank1, mean_ap = estimates(*ranked(vectors(by, labelled, cache), labelled))
    print(f"  {by.name} on {labelled.name}: {rank1.said()} / {mean_ap.said()}", flush=True)
    return {"rank1": rank1.numbers(), "mAP": mean_ap.numbers()}


def markdown(sets: list[str], results: dict[str, dict[str, Any]]) -> str:
    """A row a model, rank-1 / mAP in each cell."""
    lines = ["| rank-1 / mAP | " + " | ".join(sets) + " |", "|---" * (len(sets) + 1) + "|"]
    for name, row in results.items():
        cells = [" / ".join(_cell(row["sets"][of][figure]) for figure in ("rank1", "mAP")) for of in sets]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(numbers: list[float]) -> str:
    return Estimate(*numbers).said()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generated", type=Path)
    add_arguments(parser)
    given = parser.parse_args()
    sets = read_sets(given.real_data, given.generated)
    results: dict[str, dict[str, Any]] = {}
    for named in given.embedder or everybody(given.real_data):
        by = load(named, given.threads)
        row = {labelled.name: measured(by, labelled, given.cache) for labelled in sets}
        results[by.name] = {"made_by": by.made_by, "sets": row}
        if given.json:
            about = {labelled.name: labelled.said() for labelled in sets}
            given.json.write_text(json.dumps({"sets": about, "models": results}, indent=1) + "\n", "utf-8")
    print(markdown([labelled.name for labelled in sets], results))


if __name__ == "__main__":
    main()
