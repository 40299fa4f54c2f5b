"""The Jaccard distances of k-reciprocal re-ranking (Zhong et al., CVPR 2017) over sparse neighbour weights.

A picture's neighbours are a few dozen of thousands, so their weights are kept as sparse rows. The matrix of all
distances is asked for a few rows at a time, twice, and need not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Distances: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = Callable[..., Distances]  # a slice -> those rows of the (N, N) matrix, smaller is nearer
BLOCK_BYTES = 2**22  # of distances at a time


def neighbour_weights(rows: Rows, n: int, k1: int, k2: int) -> sparse.csr_array:
    """(n, n): the weights of eq. 7, averaged over k2 by eq. 11; every row sums to 1."""
    nearest = np.concatenate([_nearest(rows(block), k1 + 1) for block in row_blocks(n, n)])
    encoded = _encode(rows, nearest, k1)
    return _average(encoded, nearest[:, :k2]) if k2 > 1 else encoded


def row_blocks(count: int, width: int) -> Iterator[slice]:
    """Stretches of ``count`` rows of ``width`` float32."""
    size = max(1, BLOCK_BYTES // (4 * max(width, 1)))
    return (slice(first, min(first + size, count)) for first in range(0, count, size))


def _nearest(original: Distances, k: int) -> NDArray[np.intp]:
    """The k nearest of every row, nearest first; equal ones in their order."""
    if k < original.shape[1]:
        some = np.sort(np.argpartition(original, k - 1, axis=1)[:, :k], axis=1)
    else:
        some = np.tile(np.arange(original.shape[1]), (len(original), 1))
    order = np.argsort(np.take_along_axis(original, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1)


def _reciprocal(nearest: NDArray[np.intp], k: int) -> sparse.csr_array:
    """R(p, k) of eq. 2 as rows of ones: j counts for i when each is among the k + 1 nearest of the other."""
    n = len(nearest)
    columns = nearest[:, : k + 1]
    ones = np.ones(columns.size, np.float32)
    rows = np.repeat(np.arange(n), columns.shape[1])
    near = sparse.csr_array((ones, (rows, columns.ravel())), shape=(n, n))
    return near.multiply(near.T).tocsr()


def _encode(rows: Rows, nearest: NDArray[np.intp], k1: int) -> sparse.csr_array:
    """Rows of eq. 7: exp(-distance) over the extended reciprocal neighbours R* of eq. 5, each row summing to 1."""
    full = _reciprocal(nearest, k1)
    half = _reciprocal(nearest, round(k1 / 2))
    sizes = np.diff(half.indptr)
    # |R(p, k1) n R(q, k1/2)| for every q that is in R(p, k1): at least two thirds of R(q, k1/2) are common
    common = (full @ half.T).multiply(full).tocoo()
    taken = common.data * 3 > sizes[common.col] * 2
    shape = full.shape
    extended = sparse.csr_array((np.ones(taken.sum(), np.float32), (common.row[taken], common.col[taken])), shape=shape)
    members = (full + extended @ half).tocsr()
    for block in row_blocks(len(nearest), len(nearest)):
        own = slice(members.indptr[block.start], members.indptr[block.stop])
        inside = np.repeat(np.arange(block.stop - block.start), np.diff(members.indptr[block.start : block.stop + 1]))
        members.data[own] = np.exp(-rows(block)[inside, members.indices[own]])
    return _scaled_rows(members, 1.0 / np.asarray(members.sum(axis=1)).ravel())


def _scaled_rows(rows: sparse.csr_array, factors: NDArray[np.floating]) -> sparse.csr_array:
    return sparse.csr_array(
        (rows.data * np.repeat(factors, np.diff(rows.indptr)), rows.indices, rows.indptr), rows.shape
    )


def _average(encoded: sparse.csr_array, nearest: NDArray[np.intp]) -> sparse.csr_array:
    """Local query expansion, eq. 11: every row becomes the mean of its nearest pictures' rows."""
    n, k = nearest.shape
    share = np.full(nearest.size, 1.0 / k, np.float32)
    chosen = sparse.csr_array((share, (np.repeat(np.arange(n), k), nearest.ravel())), shape=(n, n))
    return chosen @ encoded


def jaccard_distances(queries: sparse.csr_array, by_column: sparse.csc_array) -> NDArray[np.float32]:
    """Eq. 10 for rows that sum to 1: 1 - sum of minima / sum of maxima, (Q, G).

    queries: (Q, n) and the gallery's (G, n) rows of ``neighbour_weights``, the latter by column
    """
    count = by_column.shape[0]
    distance = np.ones((queries.shape[0], count), np.float32)
    for q in range(queries.shape[0]):
        shared = np.zeros(count, np.float32)
        for at in range(queries.indptr[q], queries.indptr[q + 1]):
            column = queries.indices[at]
            found = slice(by_column.indptr[column], by_column.indptr[column + 1])
            shared[by_column.indices[found]] += np.minimum(queries.data[at], by_column.data[found])
        distance[q] = 1 - shared / (2 - shared)
    return distance
