"""Ranked lists in the report: a sample with pictures, the worst, and which cameras find which."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainer.datasets import Trial
from trainer.ranked import Columns
from trainer.reports.page import figure, middle_picture, paragraph, table

SAMPLED = 6  # queries, evenly from the best to the worst
WORST = 8
ANSWERS = 10  # shown of each
MOST_CAMERAS = 16  # a larger table is nothing to look at


def by_precision(trial: Columns) -> NDArray[np.int64]:
    """Places of the queries that count, the best first; equal ones in the order of the data set."""
    counted = np.flatnonzero(trial["first"] >= 0)
    return np.asarray(counted[np.argsort(-trial["precision"][counted], kind="stable")], np.int64)


def sample(trial: Columns) -> NDArray[np.int64]:
    """Queries evenly from the best to the worst, so that nobody picked them."""
    order = by_precision(trial)
    places = np.linspace(0, len(order) - 1, min(SAMPLED, len(order))).round().astype(int)
    return np.asarray(order[places], np.int64)


def worst(trial: Columns) -> NDArray[np.int64]:
    """Queries of the lowest average precision, the worst first; those that found everything are no failures."""
    order = by_precision(trial)[::-1]
    return np.asarray(order[trial["precision"][order] < 1][:WORST], np.int64)


def lists(trial: Columns, queries: NDArray[np.int64], shown: Trial | None) -> str:
    """The first answers of some queries; ``shown``: where the pictures come from, None for names alone."""
    return "\n".join(_one(trial, int(query), shown) for query in queries)


def _one(trial: Columns, query: int, shown: Trial | None) -> str:
    pid, camid = trial["query_pids"][query], trial["query_camids"][query]
    said = (
        f"{trial['query_names'][query]}, person {pid}, camera {camid}: average precision "
        f"{trial['precision'][query]:.1%}, first right answer at {trial['first'][query] + 1}"
    )
    image = middle_picture(shown.query[query]) if shown else None
    figures = [figure(image, "query", "query", said)]
    for place, distance in zip(trial["nearest"][query][:ANSWERS], trial["distance"][query], strict=False):
        if place < 0:
            break
        right = trial["gallery_pids"][place] == pid
        camera = trial["gallery_camids"][place]
        title = f"{trial['gallery_names'][place]}, person {trial['gallery_pids'][place]}, camera {camera}"
        image = middle_picture(shown.gallery[place]) if shown else None
        mark = "✓" if right else "✗"  # not by colour alone
        figures.append(figure(image, "right" if right else "wrong", f"{mark} c{camera} {distance:.3f}", title))
    return paragraph(said, "said") + '<div class="list">' + "".join(figures) + "</div>"


def camera_counts(trial: Columns) -> tuple[list[int], NDArray[np.int64], NDArray[np.int64]]:
    """The cameras, and (C, C) counts of queries by camera (rows) whose person the column's camera also saw: how many
    have that camera's tracklet of the person in their list, and how many there are. A query's own camera is left out
    of its own row, as the protocol does.
    """
    cameras = sorted({*trial["query_camids"].tolist(), *trial["gallery_camids"].tolist()})
    seen: dict[int, set[int]] = {}
    for pid, camera in zip(trial["gallery_pids"].tolist(), trial["gallery_camids"].tolist(), strict=True):
        seen.setdefault(pid, set()).add(camera)
    found, asked = (np.zeros((len(cameras), len(cameras)), np.int64) for _ in range(2))
    for query, pid in enumerate(trial["query_pids"].tolist()):
        own = int(trial["query_camids"][query])
        listed = trial["nearest"][query]
        listed = listed[listed >= 0]
        hits = set(trial["gallery_camids"][listed[trial["gallery_pids"][listed] == pid]].tolist())
        for camera in seen.get(pid, set()) - {own}:
            cell = cameras.index(own), cameras.index(camera)
            asked[cell] += 1
            found[cell] += camera in hits
    return cameras, found, asked


def camera_table(trial: Columns) -> str:
    """How often a person that camera A asks for is found in camera B, among the answers that are kept."""
    cameras, found, asked = camera_counts(trial)
    if len(cameras) > MOST_CAMERAS or not asked.any():
        return paragraph(f"{len(cameras)} cameras; no table of pairs is drawn (none in common, or too many).")
    share = found / np.maximum(asked, 1)
    rows, shades = [], []
    for at, camera in enumerate(cameras):
        cells = [
            f"{share[at, other]:.0%} ({found[at, other]} of {asked[at, other]})" if asked[at, other] else ""
            for other in range(len(cameras))
        ]
        rows.append([f"from camera {camera}", *cells])
        shades.append([0.0, *share[at].tolist()])
    kept = trial["nearest"].shape[1]
    told = f"Queries of a camera whose person is found in another camera, among their first {kept} answers."
    return paragraph(told) + table(["", *(f"in camera {camera}" for camera in cameras)], rows, shades)
