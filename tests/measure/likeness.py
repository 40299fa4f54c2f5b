"""How far generated people are from filmed ones for a re-ID network, and how hard a generated set is.

    python -m tests.measure.likeness --embedder W --real FOLDER [FOLDER ...] --generated FOLDER

FOLDERs of real crops hold one folder a person with pictures anywhere below; the generated folder is what
``python -m trainer world sequences`` writes. Printed are, for the network's vectors of single crops,

* the Frechet distance (Heusel et al., NeurIPS 2017) in the 24 leading directions of the real vectors, of generated to
  real crops and, as the floor, of one half of the real people to the other (mean of 20 halvings),
* the mean cosine distance of a generated crop to its nearest real one, and of a real one to its nearest of others,

and for query and gallery of the generated set the rank-1 and mAP of the network and of colour histograms of stripes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import sqrtm

from reid_engine.embedding import load_embedder
from reid_engine.ranking import Scores, cosine_distance, score_ranking

Vectors = NDArray[np.float32]
Image = NDArray[np.uint8]
A_PERSON = 24  # crops of one real person that count
DIRECTIONS = 24
HALVINGS = 20
FRAMES = 4  # of a tracklet that are embedded and averaged


def stripes(image: Image) -> Vectors:
    """A unit vector of hue-saturation and brightness histograms over eight stripes: the baseline."""
    hsv = cv2.cvtColor(cv2.resize(image, (64, 128)), cv2.COLOR_BGR2HSV)
    parts = []
    for stripe in np.split(hsv[:, 12:52], 8):
        pixels = np.ascontiguousarray(stripe)
        parts.append(cv2.calcHist([pixels], [0, 1], None, [12, 4], [0, 180, 0, 256]).ravel())
        parts.append(cv2.calcHist([pixels], [2], None, [8], [0, 256]).ravel())
    vector = np.sqrt(np.concatenate(parts))
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def frechet(these: Vectors, those: Vectors) -> float:
    """Squared distance of two normal distributions fitted to rows of vectors."""
    apart = these.mean(axis=0) - those.mean(axis=0)
    first, second = np.cov(these.T), np.cov(those.T)
    middle = np.real(sqrtm(first @ second))
    return float(apart @ apart + np.trace(first + second - 2 * middle))


def leading(vectors: Vectors, count: int = DIRECTIONS) -> Callable[[Vectors], Vectors]:
    """Projection to the directions in which ``vectors`` vary most."""
    mean = vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(vectors - mean, full_matrices=False)
    return lambda rows: np.asarray((rows - mean) @ axes[:count].T)


def real_crops(folders: Sequence[Path], rng: np.random.Generator) -> tuple[list[Path], NDArray[np.int64]]:
    """Pictures and which person each shows; at most A_PERSON of each."""
    paths: list[Path] = []
    people: list[int] = []
    for number, person in enumerate(sorted(p for folder in folders for p in folder.iterdir() if p.is_dir())):
        found = sorted(person.rglob("*.jpg"))
        chosen = rng.permutation(len(found))[:A_PERSON]
        paths += [found[k] for k in chosen]
        people += [number] * len(chosen)
    return paths, np.array(people)


def tracklets(part: Path) -> list[tuple[int, int, list[Path]]]:
    """(person, camera, pictures) of every tracklet of a part."""
    return [
        (int(folder.parent.parent.name), int(folder.parent.name[1:]), sorted(folder.glob("*.jpg")))
        for folder in sorted(part.glob("*/*/*"))
    ]


def ranked(root: Path, describe: Callable[[Image], Vectors]) -> Scores:
    """Query against gallery, FRAMES of each tracklet averaged."""
    sides = []
    for part in ("query", "gallery"):
        rows, people, cameras = [], [], []
        for person, camera, pictures in tracklets(root / part):
            chosen = pictures[:: max(len(pictures) // FRAMES, 1)][:FRAMES]
            mean = np.mean([describe(cv2.imread(str(path))) for path in chosen], axis=0)
            rows.append(mean / np.linalg.norm(mean))
            people.append(person)
            cameras.append(camera)
        sides.append((np.array(rows, np.float32), np.array(people), np.array(cameras)))
    (query, q_people, q_cameras), (gallery, g_people, g_cameras) = sides
    return score_ranking(
        cosine_distance(query, gallery),
        query_ids=q_people,
        gallery_ids=g_people,
        query_cameras=q_cameras,
        gallery_cameras=g_cameras,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--real", type=Path, nargs="+", required=True)
    parser.add_argument("--generated", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    embedder = load_embedder(given.embedder, threads=given.threads)

    def network(image: Image) -> Vectors:
        return embedder.embed_image(image)

    paths, people = real_crops(given.real, rng)
    real = np.array([network(cv2.imread(str(path))) for path in paths])
    every = sorted(given.generated.rglob("*.jpg"))
    drawn = [every[k] for k in rng.permutation(len(every))[: len(paths)]]
    made = np.array([network(cv2.imread(str(path))) for path in drawn])
    print(f"{len(real)} real crops of {people.max() + 1} people, {len(made)} generated crops; {embedder.name}")
    distances(real, people, made, rng)
    if (given.generated / "query").is_dir():
        for name, describe in (("network", network), ("stripes", stripes)):
            scores = ranked(given.generated, describe)
            print(f"{name}: rank-1 {scores.cmc[0]:.3f} mAP {scores.mean_ap:.3f} of {scores.queries} queries")


def distances(real: Vectors, people: NDArray[np.int64], made: Vectors, rng: np.random.Generator) -> None:
    """Print the distances between real and generated crops beside those among real ones."""
    small = leading(real)
    floors = []
    for _ in range(HALVINGS):
        half = np.isin(people, rng.permutation(people.max() + 1)[: (people.max() + 1) // 2])
        floors.append(frechet(small(real[half]), small(real[~half])))
    print(f"Frechet: generated to real {frechet(small(made), small(real)):.3f}, real to real {np.mean(floors):.3f}")
    near = cosine_distance(made, real).min(axis=1)
    others = np.where(people[:, None] == people[None], np.inf, cosine_distance(real, real)).min(axis=1)
    print(f"nearest: generated to real {near.mean():.3f}, real to other real {others.mean():.3f}")


if __name__ == "__main__":
    main()
