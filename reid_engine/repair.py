"""Track errors put right: a track that holds two people is split, two tracks of one person are merged.

What was there stays in the case and is replaced by what is made, so that both can be taken back. Crops are shared out
by their pictures; where a piece is left without one it is cut from the recording again. Vectors are made anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from reid_engine.colours import clothes_of
from reid_engine.crops import Cut, cut_out, rate_views
from reid_engine.errors import NetworkFileError, UsageError
from reid_engine.probe import picture_at
from reid_engine.store import Source, Store, TrackEdit
from reid_engine.types import BgrImage, ClosedTracklet, Crop, ModelId, TrackletCrops, TrackletId, Vectors

BEST_CROPS = 8
RUNS = 3
CUT_ANEW = 3  # crops for a piece that has none
CROP_HEIGHT_PX = 256  # as an ingest keeps them


class Embeds(Protocol):
    """What of an embedder is needed."""

    def embed_tracklets(self, crops: Sequence[TrackletCrops]) -> Vectors:
        """(N, D) of tracklets' crops."""
        ...


class Pictures(Protocol):
    """Where pixels that were not kept come from."""

    def __call__(self, source: Source, offset_us: int, /) -> BgrImage:
        """The picture of a recording so long after its first one. Raises SourceError."""
        ...


def check_split(store: Store, number: TrackletId, at_us: int) -> int:
    """Raise what ``split`` would raise of the track and the moment; the row with which the rest begins."""
    store.refuse_replaced([number])
    times = store.tracklets([number])[0].time_us
    row = int(np.searchsorted(times, at_us))
    if not 0 < row < len(times):
        raise UsageError(f"track {number} cannot be split there: choose a moment within it, after its first picture")
    return row


def check_merge(store: Store, numbers: tuple[TrackletId, TrackletId]) -> None:
    """Raise what ``merge`` would raise of the two tracks."""
    if numbers[0] == numbers[1]:
        raise UsageError(f"track {numbers[0]} cannot be merged with itself; choose another one")
    store.refuse_replaced(numbers)
    one, other = (store.closed_tracklet(number).frame_index for number in numbers)
    if np.intersect1d(one, other).size:
        raise UsageError(
            f"tracks {numbers[0]} and {numbers[1]} are side by side in one picture: they are two people, and not merged"
        )


def split(
    store: Store,
    number: TrackletId,
    at_us: int,
    embedders: Mapping[ModelId, Embeds],
    pictures: Pictures = picture_at,
) -> TrackEdit:
    """Let two tracklets stand for ``number``: what is before ``at_us`` (corrected UTC), and the rest.

    embedders: of the model in force at least; vectors of others are made when somebody describes by them again
    Raises UsageError for a moment that leaves nothing on one side, NotFound, SourceError, NetworkFileError.
    """
    row = check_split(store, number, at_us)
    whole, source = store.closed_tracklet(number), _source(store, number)
    pieces = [_part(whole, slice(None, row)), _part(whole, slice(row, None))]
    pieces = [_with_crops(piece, source, pictures) for piece in pieces]
    return store.replace_tracklets("split", [number], pieces, _vectors(store, pieces, embedders))


def merge(store: Store, numbers: tuple[TrackletId, TrackletId], embedders: Mapping[ModelId, Embeds]) -> TrackEdit:
    """Let one tracklet stand for two of the same recording.

    Raises UsageError for two that are seen in one picture, and so are two people; NotFound, NetworkFileError.
    """
    check_merge(store, numbers)
    one, other = (store.closed_tracklet(number) for number in numbers)
    both = np.concatenate((one.frame_index, other.frame_index))
    order = np.argsort(both, kind="stable")
    best = sorted((*one.crops.best, *other.crops.best), key=lambda crop: -crop.quality)[:BEST_CROPS]
    longest = sorted((*one.crops.runs, *other.crops.runs), key=len, reverse=True)[:RUNS]
    runs = sorted(longest, key=lambda run: run[0].offset_us)
    crops = TrackletCrops(tuple(best), tuple(runs))
    joined = ClosedTracklet(
        one.track_id,
        both[order],
        np.concatenate((one.offset_us, other.offset_us))[order],
        np.concatenate((one.xyxy, other.xyxy))[order],
        np.concatenate((one.score, other.score))[order],
        best[0].quality if best else max(one.quality, other.quality),
        crops,
        *clothes_of(crops),
    )
    return store.replace_tracklets("merge", numbers, [joined], _vectors(store, [joined], embedders))


def _source(store: Store, number: TrackletId) -> Source:
    of = store.tracklets([number])[0].source
    return next(source for source in store.sources() if source.id == of)


def _part(whole: ClosedTracklet, rows: slice) -> ClosedTracklet:
    """Some rows of a tracklet, with the crops and the parts of clips that lie in them."""
    frames = whole.frame_index[rows]
    within = range(int(frames[0]), int(frames[-1]) + 1)
    best = tuple(crop for crop in whole.crops.best if crop.frame_index in within)
    cut = (tuple(crop for crop in run if crop.frame_index in within) for run in whole.crops.runs)
    runs = tuple(run for run in cut if run)
    return ClosedTracklet(
        whole.track_id,
        frames,
        whole.offset_us[rows],
        whole.xyxy[rows],
        whole.score[rows],
        best[0].quality if best else 0.0,
        TrackletCrops(best, runs),
    )


def _with_crops(piece: ClosedTracklet, source: Source, pictures: Pictures) -> ClosedTracklet:
    """The piece with its colours; where it has no single crop, with some that are cut from the recording."""
    best = piece.crops.best
    if not best and piece.crops.runs:
        best = tuple(sorted((crop for run in piece.crops.runs for crop in run), key=lambda crop: -crop.quality))
    if not best:
        rows = np.unique(np.linspace(0, len(piece.offset_us) - 1, CUT_ANEW + 2).astype(int)[1:-1])
        best = tuple(_cut(piece, int(row), pictures(source, int(piece.offset_us[row]))) for row in rows)
        best = tuple(sorted(best, key=lambda crop: -crop.quality))
    best = best[:BEST_CROPS]
    crops = TrackletCrops(best, piece.crops.runs or (tuple(sorted(best, key=lambda crop: crop.offset_us)),))
    upper, lower = clothes_of(crops)
    return replace(piece, quality=best[0].quality, crops=crops, upper=upper, lower=lower)


def _cut(piece: ClosedTracklet, row: int, image: BgrImage) -> Crop:
    box, size = piece.xyxy[row], (image.shape[1], image.shape[0])
    view = float(rate_views(box[None], piece.score[row : row + 1], size, CROP_HEIGHT_PX)[0])
    pixels = cut_out(image, box, CROP_HEIGHT_PX)
    return Cut(int(piece.frame_index[row]), int(piece.offset_us[row]), box, view, pixels).encode()


def _vectors(
    store: Store, pieces: Sequence[ClosedTracklet], embedders: Mapping[ModelId, Embeds]
) -> dict[ModelId, Vectors]:
    made, now = store.models(), store.model_in_force()
    missing = [model for model in (made if now is None else [now]) if model not in embedders]
    if missing:
        raise NetworkFileError(f"the network of {missing[0]} is needed, because its vectors must be made again")
    crops = [piece.crops for piece in pieces]
    return {model: embedders[model].embed_tracklets(crops) for model in made if model in embedders}
