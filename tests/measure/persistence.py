"""How rank-1 falls as the gallery grows: exact where there are strangers enough, beyond by extreme-value theory.

A query is answered right while no stranger comes nearer than the right person's nearest tracklet. With M measured
strangers, k of them nearer, N drawn of the M leave it right with the hypergeometric chance C(M - k, N) / C(M, N). More
than M do not exist here; then strangers' distances below each query's lower quantile TAIL are taken to follow a
generalized Pareto distribution (Pickands, Annals of Statistics 1975): its shape is one for all queries, its scale each
query's own, and N further independent strangers leave the query right with the chance (1 - p)^N.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import genpareto

TAIL = 0.05
Floats = NDArray[np.float64]


def drawn(strangers: Floats, right: Floats, number: int) -> Floats:
    """(Q,) chance that none of ``number`` strangers, drawn of the (Q, M) measured, is as near as ``right`` (Q,)."""
    count = strangers.shape[1]
    if not 0 <= number <= count:
        raise ValueError(f"{number} strangers cannot be drawn of {count}")
    farther = (strangers > right[:, None]).sum(axis=1)
    possible = farther >= number
    kept = np.where(possible, farther, count)
    chance = gammaln(kept + 1) - gammaln(kept - number + 1) - gammaln(count + 1) + gammaln(count - number + 1)
    return np.where(possible, np.exp(chance), 0.0)


@dataclass(frozen=True)
class Tail:
    """Lower tails of strangers' distances: threshold (Q,) below which TAIL lie, scale (Q,), and the shape of all."""

    threshold: Floats
    scale: Floats
    shape: float

    @staticmethod
    def of(strangers: Floats) -> Tail:
        """Fitted to (Q, M) distances, M at least a few hundred."""
        threshold = np.quantile(strangers, TAIL, axis=1)
        under = [at - row[row < at] for at, row in zip(threshold, strangers, strict=True)]
        mean = np.array([depth.mean() for depth in under])
        pooled = np.concatenate([depth / middle for depth, middle in zip(under, mean, strict=True)])
        shape, _, scale = genpareto.fit(pooled, floc=0.0)
        return Tail(threshold, mean * scale, float(shape))

    def nearer(self, strangers: Floats, right: Floats) -> Floats:
        """(Q,) share of all strangers nearer than ``right``: counted above the threshold, modelled below."""
        counted = (strangers <= right[:, None]).mean(axis=1)
        depth = np.maximum(self.threshold - right, 0.0)
        modelled = TAIL * genpareto.sf(depth / self.scale, self.shape)
        return np.where(right < self.threshold, modelled, counted)

    def alone(self, strangers: Floats, right: Floats, number: int) -> Floats:
        """(Q,) chance that none of ``number`` strangers is nearer."""
        return np.asarray((1 - self.nearer(strangers, right)) ** number, np.float64)
