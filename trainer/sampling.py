"""Which tracklets make a batch, and which frames of a tracklet make a clip.

Everything is a function of a seed and a place (epoch, batch), never of what was drawn before. So an epoch can be
begun at any batch, by any number of processes and workers, and is the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reid_engine.errors import InputError, UsageError

Rng: TypeAlias = np.random.Generator
Places: TypeAlias = NDArray[np.int64]
SamplerName: TypeAlias = Literal["tracklets", "pairs", "cameras", "identities", "shuffle"]
ClipName: TypeAlias = Literal["restricted", "strided", "adjacent", "adjacent_but_last", "scattered"]

ORDER_STREAM = 1  # what is drawn for an epoch,
CLIP_STREAM = 2  # and apart from it what is drawn for its clips


# clips ---------------------------------------------------------------------------------------------------------------


def restricted(frames: int, length: int, rng: Rng) -> Places:
    """One frame of every chunk (GRL). Late chunks of a short tracklet repeat its last frame, as published."""
    chunks = _chunks(frames, length)
    return chunks[np.arange(length), rng.integers(chunks.shape[1], size=length)]


def _chunks(frames: int, length: int) -> Places:
    """(length, size): consecutive chunks, the last frame repeated to fill them."""
    size = -(-frames // length)
    return np.minimum(np.arange(size * length), frames - 1).reshape(length, size)


def strided(frames: int, length: int, rng: Rng, stride: int = 8) -> Places:
    """Every ``stride``-th frame from a random one on (TCLNet); frames drawn in order from a shorter tracklet."""
    if frames < length * stride:
        return scattered(frames, length, rng)
    start = rng.integers(frames - (length - 1) * stride)
    return np.asarray(start + np.arange(length) * stride, np.int64)


def adjacent(frames: int, length: int, rng: Rng) -> Places:
    """Consecutive frames, every start as likely (STMP); a shorter tracklet begins again."""
    start = rng.integers(max(frames - length, 0) + 1)
    return np.asarray((start + np.arange(length)) % frames, np.int64)


def adjacent_but_last(frames: int, length: int, rng: Rng) -> Places:
    """The same, but the last possible start is never drawn: int(U x (n - T)) (GLTR, as published)."""
    start = int(rng.random() * max(frames - length, 0))
    return np.asarray((start + np.arange(length)) % frames, np.int64)


def scattered(frames: int, length: int, rng: Rng) -> Places:
    """Different frames in the order of time (RGSAT); some twice where there are too few."""
    return np.sort(rng.choice(frames, length, replace=frames < length)).astype(np.int64)


CLIPS: Mapping[str, Callable[[int, int, Rng], Places]] = MappingProxyType(
    {
        "restricted": restricted,
        "strided": strided,
        "adjacent": adjacent,
        "adjacent_but_last": adjacent_but_last,
        "scattered": scattered,
    }
)


# batches -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Crowd:
    """Who there is to draw from, as columns: identity and camera of every training tracklet.

    rejected: pairs of tracklets that somebody said are different people
    """

    pids: Places
    camids: Places
    rejected: Sequence[tuple[int, int]] = ()

    @cached_property
    def by_identity(self) -> Mapping[int, Places]:
        """Identity -> its tracklets; identities and tracklets in rising order."""
        order = np.argsort(self.pids, kind="stable")
        people, starts = np.unique(self.pids[order], return_index=True)
        return dict(zip(people.tolist(), np.split(order.astype(np.int64), starts[1:]), strict=True))

    @cached_property
    def lookalikes(self) -> Mapping[int, tuple[int, ...]]:
        """Identity -> those that somebody told apart from it."""
        found: dict[int, set[int]] = {}
        for a, b in self.rejected:
            one, other = int(self.pids[a]), int(self.pids[b])
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
        return {pid: tuple(sorted(others)) for pid, others in found.items()}


def by_tracklets(crowd: Crowd, identities: int, each: int, rng: Rng) -> Places:
    """P x K (TCLNet): an identity's tracklets in groups of K, shuffled; what fills no group is dropped."""
    groups = []
    for own in crowd.by_identity.values():
        drawn = rng.permutation(own) if len(own) >= each else rng.choice(own, each)
        groups += [drawn[at : at + each] for at in range(0, len(drawn) - each + 1, each)]
    order = rng.permutation(len(groups))
    return _batches(np.array([groups[at] for at in order]).ravel(), identities * each)


def by_pairs(crowd: Crowd, identities: int, each: int, rng: Rng) -> Places:
    """Anchor and partner side by side (GRL): every tracklet once an anchor, its partner of another camera if any."""
    pairs = []
    for anchor in rng.permutation(len(crowd.pids)).tolist():
        own = crowd.by_identity[int(crowd.pids[anchor])]
        elsewhere = own[crowd.camids[own] != crowd.camids[anchor]]
        others = elsewhere if len(elsewhere) else own[own != anchor]
        pairs.append((anchor, int(rng.choice(others)) if len(others) else anchor))
    return _batches(np.array(pairs, np.int64).ravel(), identities * each)


def by_cameras(crowd: Crowd, identities: int, each: int, rng: Rng) -> Places:
    """N x K by identity (STMP): K unused tracklets of different cameras each, until fewer than N people are left."""
    unused = {pid: own.tolist() for pid, own in crowd.by_identity.items()}
    batches = []
    while len(unused) >= identities:
        batch: list[int] = []
        for pid in _near_lookalikes(rng.permutation(list(unused)), crowd, unused)[:identities]:
            drawn = _of_cameras(unused[pid], crowd.camids, each, rng)
            batch += drawn
            left = [place for place in unused[pid] if place not in drawn]
            unused[pid] = left
        unused = {pid: left for pid, left in unused.items() if left}
        batches.append(batch)
    return np.array(batches, np.int64).reshape(-1, identities * each)


def _of_cameras(unused: list[int], camids: Places, each: int, rng: Rng) -> list[int]:
    """K of an identity's tracklets, cameras in turn; some twice where fewer than K are left."""
    left = [int(place) for place in rng.permutation(unused)]
    drawn: list[int] = []
    while len(drawn) < each:
        if not left:
            return drawn + [int(place) for place in rng.choice(unused, each - len(drawn))]
        cameras = list(dict.fromkeys(int(camids[place]) for place in left))
        for camera in rng.permutation(cameras)[: each - len(drawn)]:
            place = next(place for place in left if camids[place] == camera)
            drawn.append(place)
            left.remove(place)
    return drawn


def by_identities(crowd: Crowd, identities: int, each: int, rng: Rng) -> Places:
    """P x K (RGSAT): every identity once an epoch with K tracklets, some twice where it has fewer."""
    order = _near_lookalikes(rng.permutation(list(crowd.by_identity)), crowd, crowd.by_identity)
    owned = [crowd.by_identity[pid] for pid in order]
    return _batches(
        np.array([rng.choice(own, each, replace=len(own) < each) for own in owned], np.int64).ravel(),
        identities * each,
    )


def by_shuffle(crowd: Crowd, identities: int, each: int, rng: Rng) -> Places:
    """Every tracklet once (GLTR). The last batch is as long as the others, filled with -1."""
    order, batch = rng.permutation(len(crowd.pids)), identities * each
    short = -len(order) % batch
    return np.concatenate([order, np.full(short, -1)]).reshape(-1, batch).astype(np.int64)


def _near_lookalikes(order: NDArray[Any], crowd: Crowd, among: Mapping[int, object]) -> list[int]:
    """The same people, those told apart from somebody right behind them: so they meet in a batch and are learned."""
    if not crowd.lookalikes:
        return [int(pid) for pid in order]
    placed: dict[int, None] = {}
    for pid in order.tolist():
        placed.setdefault(pid)
        for other in crowd.lookalikes.get(pid, ()):
            if other in among:
                placed.setdefault(other)
    return list(placed)


def _batches(order: Places, batch: int) -> Places:
    """Whole batches only."""
    return order[: len(order) // batch * batch].reshape(-1, batch).astype(np.int64)


SAMPLERS: Mapping[str, Callable[[Crowd, int, int, Rng], Places]] = MappingProxyType(
    {
        "tracklets": by_tracklets,
        "pairs": by_pairs,
        "cameras": by_cameras,
        "identities": by_identities,
        "shuffle": by_shuffle,
    }
)


@dataclass
class BatchSampler:
    """The batches of one process among ``world_size``, epoch by epoch.

    identities, each: P and K; for "pairs" and "shuffle" only P x K counts, the clips of a batch over all processes
    A process takes its own stretch of every batch, so pairs stay together. Iterating gives the rest of the epoch that
    the position is in, and moves the position on.
    """

    name: SamplerName
    crowd: Crowd
    identities: int
    each: int
    seed: int = 0
    rank: int = 0
    world_size: int = 1
    position: tuple[int, int] = field(default=(0, 0))  # epoch, batch

    def __post_init__(self) -> None:
        batch = self.identities * self.each
        if self.name not in SAMPLERS:
            raise UsageError(f"there is no sampler {self.name!r}; there are {', '.join(SAMPLERS)}")
        if batch % self.world_size or (self.name == "pairs" and batch // self.world_size % 2):
            what = "in pairs" if self.name == "pairs" else "evenly"
            raise UsageError(f"a batch of {batch} clips cannot be shared out {what} among {self.world_size} processes")
        if not len(self.epoch(0)):
            raise InputError(
                f"{len(self.crowd.pids)} tracklets of {len(self.crowd.by_identity)} people do not fill one batch of "
                f"{self.identities} x {self.each}; set smaller identities or per_identity"
            )

    def __len__(self) -> int:
        """Batches of an epoch; of its first one where epochs differ ("cameras")."""
        return self._first_length

    @cached_property
    def _first_length(self) -> int:
        return len(self.epoch(0))

    @property
    def mine(self) -> slice:
        """The part of a batch that is this process's."""
        share = self.identities * self.each // self.world_size
        return slice(self.rank * share, (self.rank + 1) * share)

    def epoch(self, number: int) -> list[Places]:
        """The batches of an epoch, of this process: places of tracklets."""
        return [batch[self.mine] for batch in self.whole_epoch(number)]

    def whole_epoch(self, number: int) -> list[Places]:
        """The batches of an epoch, of all processes."""
        rng = np.random.default_rng([self.seed, ORDER_STREAM, number])
        drawn = SAMPLERS[self.name](self.crowd, self.identities, self.each, rng)
        whole = [row[row >= 0] for row in drawn]
        last = drawn[-1] if len(drawn) else drawn.ravel()
        # one clip alone has no batch statistics, and processes must not get different numbers of clips
        usable = (last >= 0).all() or (self.world_size == 1 and (last >= 0).sum() > 1)
        return whole if usable else whole[:-1]

    def __iter__(self) -> Any:
        epoch, first = self.position
        batches = self.epoch(epoch)
        for at in range(first, len(batches)):
            self.position = (epoch, at + 1)
            yield batches[at]
        self.position = (epoch + 1, 0)

    def state_dict(self) -> dict[str, int]:
        """The position: all that is needed to go on."""
        return {"epoch": self.position[0], "batch": self.position[1]}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go on from there."""
        self.position = (int(state["epoch"]), int(state["batch"]))


def batch_rng(seed: int, epoch: int, batch: int) -> Rng:
    """The generator of one batch of all processes: the frames of its clips and what is done to them."""
    return np.random.default_rng([seed, CLIP_STREAM, epoch, batch])
