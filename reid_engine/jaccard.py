"""The Jaccard distances of k-reciprocal re-ranking (Zhong et al., CVPR 2017) over sparse neighbour weights.

A picture's neighbours are a few dozen of thousands, so their weights are kept as sparse rows, and only the queries'
block of the distances is made.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Distances: TypeAlias = NDArray[np.float32]


def jaccard_distances(original: Distances, queries: int, k1: int, k2: int) -> NDArray[np.float32]:
    """Eq. 10, (Q, G): the first ``queries`` rows to the others, from all distances (Q + G, Q + G)."""
    nearest = _nearest(original, k1 + 1)
    encoded = _encode(original, nearest, k1)
    if k2 > 1:
        encoded = _average(encoded, nearest[:, :k2])
    return _jaccard(encoded[:queries], encoded[queries:])


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


def _encode(original: Distances, nearest: NDArray[np.intp], k1: int) -> sparse.csr_array:
    """Rows of eq. 7: exp(-distance) over the extended reciprocal neighbours R* of eq. 5, each row summing to 1."""
    full = _reciprocal(nearest, k1)
    half = _reciprocal(nearest, round(k1 / 2))
    sizes = np.diff(half.indptr)
    # |R(p, k1) n R(q, k1/2)| for every q that is in R(p, k1): at least two thirds of R(q, k1/2) are common
    common = (full @ half.T).multiply(full).tocoo()
    taken = common.data * 3 > sizes[common.col] * 2
    shape = full.shape
    extended = sparse.csr_array((np.ones(taken.sum(), np.float32), (common.row[taken], common.col[taken])), shape=shape)
    members = (full + extended @ half).tocoo()
    weights = np.exp(-original[members.row, members.col])
    rows = sparse.csr_array((weights, (members.row, members.col)), shape=shape)
    return _scaled_rows(rows, 1.0 / np.asarray(rows.sum(axis=1)).ravel())


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


def _jaccard(queries: sparse.csr_array, gallery: sparse.csr_array) -> NDArray[np.float32]:
    """Eq. 10 for rows that sum to 1: 1 - sum of minima / sum of maxima, (Q, G)."""
    by_column = gallery.tocsc()
    distance = np.ones((queries.shape[0], gallery.shape[0]), np.float32)
    for q in range(queries.shape[0]):
        shared = np.zeros(gallery.shape[0], np.float32)
        for at in range(queries.indptr[q], queries.indptr[q + 1]):
            column = queries.indices[at]
            found = slice(by_column.indptr[column], by_column.indptr[column + 1])
            shared[by_column.indices[found]] += np.minimum(queries.data[at], by_column.data[found])
        distance[q] = 1 - shared / (2 - shared)
    return distance
