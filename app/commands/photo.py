"""A picture that somebody brings: who looks for people in it, and which of them is meant."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.commands.program import Program, tell
from app.networks import bundled, standard
from reid_engine.case import Case
from reid_engine.errors import NetworkFileError
from reid_engine.jobs import JobControl
from reid_engine.photo import Photo, look
from reid_engine.picture import part, read_picture
from reid_engine.types import BgrImage, as_boxes

if TYPE_CHECKING:  # it loads a runtime, which only a picture needs
    from reid_engine.detection import PersonDetector


class Photos:
    """Looks at pictures with the detector of the case, which is loaded for the first of them."""

    def __init__(self, program: Program, case: Case) -> None:
        self._program, self._case = program, case

    def look(self, file: Path) -> tuple[Photo, str]:
        """Who is in it; and, where no detector can tell, why. Raises InputError, ChildDied."""
        image = read_picture(file)
        try:
            return look(image, self._detector, self._program.settings().tracking.new_score), ""
        except NetworkFileError as error:
            return Photo(image, as_boxes([])), f"nobody was looked for in {file.name}: {error}"

    def person(self, file: Path, number: int | None) -> tuple[BgrImage, dict[str, Any]]:
        """The pixels of whoever is meant (see ``Photo.person``) and which picture that is; where it is not plain it is
        said."""
        photo, problem = self.look(file)
        box = photo.person(number)
        if problem:
            tell(problem)
        elif number is None and not photo.portrait:
            found = f"the one person found in {file.name} is searched for, {photo.listed()}; --person 0 takes all of it"
            tell(found if len(photo.people) else f"nobody was found in {file.name}: all of it is searched for")
        return part_of(file, box)

    @cached_property
    def _detector(self) -> PersonDetector:
        """The one that analysed the case last, or the bundled one where its file is gone."""
        used = [Path(known.path) for known in self._case.store.networks() if known.role == "detector"]
        path = next((path for path in reversed(used) if path.exists()), standard(bundled()).detector)
        if path is None:
            raise NetworkFileError("the detector of this case is gone, and none came with this installation")
        return self._program.load_detector(path, self._program.settings(), threads=None, control=JobControl())


def part_of(file: Path, xyxy: Sequence[float] | None) -> tuple[BgrImage, dict[str, Any]]:
    """All of a picture file or a part of it, and what the record says of it: its SHA-256 and the part, and no name.

    A name may be somebody's, whom an erasure could not take out of the record again. Raises InputError, ChildDied,
    ProbeError.
    """
    image = read_picture(file)
    with file.open("rb") as content:
        which: dict[str, Any] = {"sha256": hashlib.file_digest(content, "sha256").hexdigest()}
    if xyxy is None:
        return image, which
    return part(image, xyxy), {**which, "xyxy": [round(side, 1) for side in xyxy]}
