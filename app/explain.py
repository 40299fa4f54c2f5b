"""Every class of error as a person reads it: what happened, what was kept, what to do now."""

from __future__ import annotations

from dataclasses import dataclass

from app.words import Later, tr
from reid_engine import errors


@dataclass(frozen=True, slots=True)
class Explanation:
    """A heading, what was kept, and what the person can do. The error's own message says what was found."""

    heading: str
    kept: str
    advice: str


NOTHING_CHANGED = Later("Nothing in the case was changed.")
COMMITTED = Later("Everything found up to that moment is in the case.")

EXPLANATIONS: dict[type[errors.ReappearError], Explanation] = {
    errors.ReappearError: Explanation(
        Later("This did not work"), NOTHING_CHANGED, Later("Try again; if it stays, copy the report.")
    ),
    errors.InputError: Explanation(Later("This input cannot be used"), NOTHING_CHANGED, Later("Choose another file.")),
    errors.SourceError: Explanation(
        Later("A recording cannot be read"),
        Later("The other recordings are not affected."),
        Later("Check that the file is complete, or export it from the recorder again."),
    ),
    errors.SeekError: Explanation(
        Later("That moment cannot be shown"),
        Later("The recording stays open."),
        Later("Move a little further: the file may be damaged at this place."),
    ),
    errors.NetworkFileError: Explanation(
        Later("These weights cannot be used"),
        NOTHING_CHANGED,
        Later("Choose a person detector and a re-identification network under Case > Networks."),
    ),
    errors.ProbeError: Explanation(
        Later("Nobody to search for there"),
        NOTHING_CHANGED,
        Later("Click inside a box, or drag a box round the person."),
    ),
    errors.UsageError: Explanation(
        Later("This cannot be done as it was asked"), NOTHING_CHANGED, Later("Correct the value and try again.")
    ),
    errors.SettingsError: Explanation(
        Later("A setting cannot be used"),
        Later("The settings file was left as it is."),
        Later("Correct the named line, or remove it to get the default."),
    ),
    errors.CaseError: Explanation(
        Later("The case cannot be used"), NOTHING_CHANGED, Later("Open another case, or a backup of this one.")
    ),
    errors.CaseTooNew: Explanation(
        Later("This case was made by a newer version"),
        Later("It was not opened and not changed."),
        Later("Open it with the newer version."),
    ),
    errors.CaseDamaged: Explanation(
        Later("The case's database is damaged"),
        Later("It was not changed; the recordings themselves are not touched."),
        Later("Make a new case of its last backup, or of what can be read; this one stays as it is."),
    ),
    errors.CaseBusy: Explanation(
        Later("The case is in use"),
        NOTHING_CHANGED,
        Later("Wait for the running analysis to end, or cancel it first."),
    ),
    errors.NotFound: Explanation(
        Later("That is no longer in the case"), NOTHING_CHANGED, Later("Search again: the case has changed meanwhile.")
    ),
    errors.UnfinishedError: Explanation(
        Later("The work stopped before its end"), COMMITTED, Later("Start it again: it goes on where it stopped.")
    ),
    errors.JobCancelled: Explanation(Later("Cancelled"), COMMITTED, Later("Start it again to go on where it stopped.")),
    errors.DiskFull: Explanation(
        Later("No space is left on the disk"),
        COMMITTED,
        Later("Free some space, then start again: it goes on where it stopped."),
    ),
    errors.ChildDied: Explanation(
        Later("A part of the program stopped unexpectedly"),
        COMMITTED,
        Later("Start again. If it stops at the same place, the recording is damaged there."),
    ),
    errors.ShapeError: Explanation(
        Later("The program made a mistake"),
        NOTHING_CHANGED,
        Later("Copy the report and send it to the makers; go on working."),
    ),
}


UNREADABLE = Explanation(
    Later("A file cannot be used"), NOTHING_CHANGED, Later("Check that it exists and may be read.")
)


def explain(error: Exception) -> Explanation:
    """The words for the nearest class of an error's own family."""
    for kind in type(error).__mro__:
        if kind in EXPLANATIONS:
            return EXPLANATIONS[kind]
    if isinstance(error, OSError):
        return UNREADABLE
    return EXPLANATIONS[errors.ShapeError]


def sentence(error: Exception) -> str:
    """One line for a status bar or a row: the error's own message, or its kind where it has none."""
    return str(error).strip() or tr(explain(error).heading)
