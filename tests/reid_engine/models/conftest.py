"""Small tensors gain nothing from a second thread and lose much to its waiting when the machine is busy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from tests.support.shapes import skip_layers_of_shapes


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def quick_shapes() -> Iterator[None]:
    """For files of tests over shapes only."""
    with pytest.MonkeyPatch.context() as patch:
        skip_layers_of_shapes(patch)
        yield
