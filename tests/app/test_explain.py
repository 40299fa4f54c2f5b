from __future__ import annotations

import pytest

from app.explain import EXPLANATIONS, explain, sentence
from reid_engine import errors


def every_class(root: type[errors.ReappearError] = errors.ReappearError) -> list[type[errors.ReappearError]]:
    return [root, *(found for child in root.__subclasses__() for found in every_class(child))]


PUBLIC = [kind for kind in every_class() if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", PUBLIC, ids=lambda kind: kind.__name__)
def test_every_error_class_has_its_own_words(kind: type[errors.ReappearError]) -> None:
    words = EXPLANATIONS[kind]
    assert words.heading
    assert words.kept.endswith(".")
    assert words.advice.endswith(".")
    assert explain(kind("what was found")) is words


def test_a_file_that_may_not_be_read_is_no_mistake_of_the_program() -> None:
    assert explain(PermissionError("may not be read")).heading == "A file cannot be used"


def test_an_unforeseen_error_is_called_our_mistake() -> None:
    assert explain(ZeroDivisionError()) is EXPLANATIONS[errors.ShapeError]
    assert sentence(ZeroDivisionError()) == EXPLANATIONS[errors.ShapeError].heading
