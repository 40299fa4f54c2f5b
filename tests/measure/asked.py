"""What the operator is shown: rank-1 and mAP of the program's own search over a case, by each way to put it in order.

    python -m tests.measure.asked --real-data FOLDER [--generated FOLDER] [--embedder NAME|FILE ...] [--json FILE]

Every set becomes a case that holds all its tracklets (generated ones with all their pictures), each at a time of its
own so that nobody is vetoed. Each query is a click on its tracklet: ``search`` with the program's defaults, so the
query's own camera is left out and everybody else of all other cameras, other queries too, may answer. Ways:

    distance alone   the model's own distance
    papers'          k-reciprocal re-ranking with the values of its paper (k1 20, k2 6, lambda 0.3), as the program did
                     until 27 November 2026
    papers', fair    the same without what cameras do
    fair distance    without what cameras do, not re-ranked by neighbours
    the program      as it is

--before: a card whose calibration was measured with what cameras do left in; the bands by it are told for the distance
alone, as they were told until then.

Of the last also the bands: which share of all strangers, and of all right ones, is called strong, at least possible, at
least weak. A calibration promises 1, 5 and 20 % of strangers.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_engine.camera_bias import CameraBias
from reid_engine.index import VectorIndex, open_index
from reid_engine.ranking import QueryScores
from reid_engine.search import SearchRequest, bias_of, search
from reid_engine.settings import SearchSettings
from reid_engine.store import Network
from reid_engine.types import BANDS, TrackletId, Vectors
from tests.measure.describers import Describer, add_arguments, everybody, load, vectors
from tests.measure.intervals import estimates
from tests.measure.reid import markdown, read_sets
from tests.measure.sets import LabelledSet, read_generated
from tests.support.cases import MODEL, Gallery, gallery

APART_S = 600
AS_IN_THE_PAPER = {"neighbours": 20, "expansion": 6, "original_share": 0.3}
WAYS: dict[str, tuple[bool, bool, dict[str, float]]] = {  # re-ranked, without what cameras do, settings
    "distance alone": (False, False, {}),
    "papers'": (True, False, AS_IN_THE_PAPER),
    "papers', fair": (True, True, AS_IN_THE_PAPER),
    "fair distance": (False, True, {}),
    "the program": (True, True, {}),
}


def filled(folder: Path, labelled: LabelledSet, by: Describer, found: Vectors) -> tuple[Gallery, list[TrackletId]]:
    """A case with everybody in it, and each one's number."""
    made = gallery(folder)
    made.store.add_network(Network("embedder", "e" * 64, by.name, by.name, by.card, MODEL))
    numbers = [
        made.put(f"camera {camera}", vector, at_s=APART_S * row)
        for row, (camera, vector) in enumerate(zip(labelled.camera.tolist(), found, strict=True))
    ]
    return made, numbers


def untouched(index: VectorIndex) -> CameraBias:
    """Takes nothing off."""
    return CameraBias(index.distance, np.zeros(index.dim, np.float32))


@dataclass(frozen=True)
class Answers:
    """Of every query, and whose it is; {band: (strangers, right ones)} that got it."""

    scores: QueryScores
    people: NDArray[np.int64]
    bands: dict[str | None, NDArray[np.int64]]

    def said(self) -> str:
        """Strangers and right ones that are at least strong, possible and weak, in per cent."""
        total = np.maximum(sum(self.bands.values(), np.zeros(2, np.int64)), 1)
        passed = np.cumsum([self.bands.get(band, np.zeros(2, np.int64)) for band in BANDS], axis=0)
        return " / ".join("{:.1f} and {:.0f}".format(*share) for share in 100 * passed / total)


def answers(labelled: LabelledSet, by: Describer, found: Vectors, way: str) -> Answers:
    """Every query asked in one way."""
    rerank, fair, changed = WAYS[way]
    settings = SearchSettings.model_validate(changed)
    queries = np.unique(np.concatenate([query for query, _ in labelled.blocks]))
    precision, first = np.full(len(queries), np.nan), np.full(len(queries), -1, np.int64)
    bands: dict[str | None, NDArray[np.int64]] = defaultdict(lambda: np.zeros(2, np.int64))
    with tempfile.TemporaryDirectory() as folder:
        made, numbers = filled(Path(folder), labelled, by, found)
        person = dict(zip(map(int, numbers), labelled.person.tolist(), strict=True))
        index = open_index(made.store, MODEL, Path(folder) / "index")
        bias = bias_of(made.store, index) if fair else untouched(index)
        for place, query in enumerate(queries.tolist()):
            asked = SearchRequest(probe=numbers[query], model=MODEL, rerank=rerank, limit=len(numbers))
            answer = search(made.store, index, asked, settings, bias)
            whose = np.array([person[int(match.tracklet)] for match in answer.matches])
            right = np.flatnonzero(whose == labelled.person[query])
            for match, who in zip(answer.matches, whose, strict=True):
                bands[match.band][int(who == labelled.person[query])] += 1
            if len(right):
                first[place] = right[0]
                precision[place] = float((np.arange(1, len(right) + 1) / (right + 1)).mean())
        made.store.close()
    return Answers(QueryScores(precision, first), labelled.person[queries], bands)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generated", type=Path)
    parser.add_argument("--before", type=Path)
    add_arguments(parser)
    given = parser.parse_args()
    before = {} if given.before is None else {"calibration": json.loads(given.before.read_text())["calibration"]}
    sets = read_sets(given.real_data, None) + ([read_generated(given.generated, 8)] if given.generated else [])
    results: dict[str, dict[str, Any]] = {}
    for named in given.embedder or everybody(given.real_data):
        by = load(named, given.threads)
        found = {labelled.name: vectors(by, labelled, given.cache) for labelled in sets}
        for way in WAYS:
            row = {}
            for labelled in sets:
                was = replace(by, card=by.card | before) if way == "distance alone" else by
                told = answers(labelled, was, found[labelled.name], way)
                rank1, mean_ap = estimates(told.scores, told.people)
                if way == "the program" or (before and way == "distance alone"):
                    print(f"{by.name}, {way}, on {labelled.name}, strangers and right ones: {told.said()}")
                row[labelled.name] = {"rank1": rank1.numbers(), "mAP": mean_ap.numbers()}
            results[f"{by.name}, {way}"] = {"made_by": by.made_by, "sets": row}
            print(markdown([labelled.name for labelled in sets], {by.name: results[f"{by.name}, {way}"]}), flush=True)
        if given.json:
            given.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    print(markdown([labelled.name for labelled in sets], results))


if __name__ == "__main__":
    main()
