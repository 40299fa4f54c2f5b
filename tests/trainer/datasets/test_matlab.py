"""MATLAB files of both kinds: the old ones, and HDF5 since version 7.3."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from reid_engine.errors import InputError
from tests.trainer.trees import matlab_7_3
from trainer.datasets.layout import matrix


def test_either_kind_of_matlab_file_gives_the_same_rows(tmp_path: Path) -> None:
    rows = np.arange(12.0).reshape(4, 3)
    savemat(tmp_path / "old.mat", {"rows": rows})
    new = matlab_7_3(tmp_path / "new.mat", rows=rows)
    assert np.array_equal(matrix(new, "rows"), matrix(tmp_path / "old.mat", "rows"))
    assert np.array_equal(matrix(new, "rows"), rows)


def test_a_matlab_file_that_lacks_the_list_says_what_it_holds(tmp_path: Path) -> None:
    file = matlab_7_3(tmp_path / "new.mat", others=np.zeros((1, 1)))
    with pytest.raises(InputError, match="has no query; it holds others"):
        matrix(file, "query")


def test_a_matlab_file_may_not_send_us_to_another_file(tmp_path: Path) -> None:
    matlab_7_3(tmp_path / "secret.mat", query=np.ones((1, 1)))
    with h5py.File(tmp_path / "new.mat", "w") as made:
        made["query"] = h5py.ExternalLink("secret.mat", "query")
    with pytest.raises(InputError, match="has no query"):
        matrix(tmp_path / "new.mat", "query")


@pytest.mark.parametrize("kept", [8, 700, 1500])
def test_a_matlab_file_cut_short_is_named(tmp_path: Path, kept: int) -> None:
    file = matlab_7_3(tmp_path / "new.mat", query=np.ones((40, 3)))
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(InputError, match=r"new\.mat is no readable MATLAB file"):
        matrix(file, "query")
