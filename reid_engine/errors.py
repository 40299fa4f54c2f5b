"""Every error a person can meet, as one tree.

    ReappearError
    ├── InputError            a source, picture or call that cannot be used          (exit status 3)
    │   ├── SourceError       a recording that cannot be read; names the file
    │   │   └── SeekError     a position that cannot be reached; the source stays usable
    │   ├── NetworkFileError  weights that are no detector, of the wrong shape, or damaged
    │   └── ProbeError        nobody at that point, or no such tracklet
    ├── UsageError            a wrong call                                            (exit status 2)
    │   └── SettingsError     a setting that is unknown or out of range
    ├── CaseError             the case cannot be used                                 (exit status 3)
    │   ├── CaseTooNew        written by a newer version
    │   ├── CaseDamaged       the database fails its own check
    │   ├── CaseBusy          another ingest holds the case
    │   └── NotFound          no such row
    ├── UnfinishedError       the work stopped before its end; what was kept is said  (exit status 4)
    │   ├── JobCancelled      somebody asked to stop
    │   ├── DiskFull          no space left
    │   └── ChildDied         a child process died; names its place
    └── ShapeError            an array of the wrong shape: a mistake in the program

Every message says what was found, what was expected and, where a person can act, what to do.
"""

from __future__ import annotations

from pathlib import Path


class ReappearError(Exception):
    """The root. ``exit_status`` is what the command line returns for it."""

    exit_status: int = 1


class InputError(ReappearError):
    """A source, picture or file that cannot be used."""

    exit_status = 3


class SourceError(InputError):
    """A recording that cannot be read."""


class SeekError(SourceError):
    """A position that cannot be reached; the source stays usable."""


class NetworkFileError(InputError):
    """Weights that are no detector, have the wrong shape, are damaged or missing."""


class ProbeError(InputError):
    """There is nobody at that point, or no such tracklet to start from."""


class UsageError(ReappearError):
    """A call that cannot be understood."""

    exit_status = 2


class SettingsError(UsageError):
    """A setting that is unknown or out of its range."""


class CaseError(ReappearError):
    """The case cannot be used."""

    exit_status = 3


class CaseTooNew(CaseError):
    """The case was written by a newer version of the program."""


class CaseDamaged(CaseError):
    """The database fails its own check. ``folder``: of the case whose file is meant, where that is known."""

    folder: Path | None = None


class CaseBusy(CaseError):
    """Another ingest holds the case."""

    exit_status = 4


class NotFound(CaseError):
    """No such row in the case."""


class UnfinishedError(ReappearError):
    """The work stopped before its end; whatever was committed is kept."""

    exit_status = 4


class JobCancelled(UnfinishedError):
    """Somebody asked to stop."""


class DiskFull(UnfinishedError):
    """No space left on the disk that holds the case."""


class ChildDied(UnfinishedError):
    """A child process died; the message names the place it had reached."""


class ShapeError(ReappearError):
    """An array of the wrong shape: a mistake in the program, not in the input."""
