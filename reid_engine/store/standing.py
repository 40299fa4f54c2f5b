"""Which backups of a case stand in its folder, and what there is to do about a damaged one. Loads nothing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

FOLDER = "backups"
NAME = "case-%Y%m%dT%H%M%SZ.db"
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Backup:
    """One that stands in the folder, begun at ``at_us`` (UTC, microseconds)."""

    path: Path
    at_us: int

    @property
    def words(self) -> str:
        """When it was made, for people."""
        return f"{datetime.fromtimestamp(self.at_us / 1e6, UTC):%Y-%m-%d %H:%M:%S} UTC"


def standing(folder: Path) -> list[Backup]:
    """The backups of the case in ``folder``, newest first; other files are none."""
    found = []
    for path in (folder / FOLDER).glob("case-*.db"):
        with suppress(ValueError):
            at = datetime.strptime(path.name, NAME).replace(tzinfo=UTC)
            found.append(Backup(path, int(at.timestamp()) * SECOND_US))
    return sorted(found, key=lambda backup: backup.at_us, reverse=True)


def ways_out(folder: Path) -> str:
    """What can be done about a damaged case: a sentence of what there is, and no other."""
    read = f"`reappear rescue {folder} OUT` reads what can be read into a new case"
    backups = standing(folder)
    if not backups:
        return f"There is no backup in the folder; {read}"
    return (
        f"The last backup is of {backups[0].words}: `reappear rescue {folder} OUT --backup` makes a new case of it; "
        f"{read}, and what cannot from the backup"
    )
