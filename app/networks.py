"""The two networks of an ingest, as files on this computer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Networks:
    """The two weights files that an ingest needs; ``problem`` is a sentence while one is missing."""

    detector: Path | None = None
    embedder: Path | None = None

    @property
    def problem(self) -> str:
        """What is missing, or nothing."""
        for role, path in (("A person detector", self.detector), ("A re-identification network", self.embedder)):
            if path is None:
                return f"{role} is needed: choose a file on this computer under Networks."
            if not path.exists():
                return f"{role} is no longer at {path}: choose it again under Networks."
        return ""

    def or_else(self, other: Networks) -> Networks:
        """These, and the other's where one of these is not known."""
        return Networks(self.detector or other.detector, self.embedder or other.embedder)

    def arguments(self) -> list[str]:
        """As the command line takes them."""
        return ["--detector", str(self.detector), "--embedder", str(self.embedder)]
