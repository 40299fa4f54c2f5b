"""Every class of error as a person reads it: what happened, what was kept, what to do now."""

from __future__ import annotations

from dataclasses import dataclass

from reid_engine import errors


@dataclass(frozen=True, slots=True)
class Explanation:
    """A heading, what was kept, and what the person can do. The error's own message says what was found."""

    heading: str
    kept: str
    advice: str


NOTHING_CHANGED = "Nothing in the case was changed."
COMMITTED = "Everything found up to that moment is in the case."

EXPLANATIONS: dict[type[errors.ReappearError], Explanation] = {
    errors.ReappearError: Explanation("This did not work", NOTHING_CHANGED, "Try again; if it stays, copy the report."),
    errors.InputError: Explanation("This input cannot be used", NOTHING_CHANGED, "Choose another file."),
    errors.SourceError: Explanation(
        "A recording cannot be read",
        "The other recordings are not affected.",
        "Check that the file is complete, or export it from the recorder again.",
    ),
    errors.SeekError: Explanation(
        "That moment cannot be shown",
        "The recording stays open.",
        "Move a little further: the file may be damaged at this place.",
    ),
    errors.NetworkFileError: Explanation(
        "These weights cannot be used",
        NOTHING_CHANGED,
        "Choose a person detector and a re-identification network under Case > Networks.",
    ),
    errors.ProbeError: Explanation(
        "Nobody to search for there",
        NOTHING_CHANGED,
        "Click inside a box, or drag a box round the person.",
    ),
    errors.UsageError: Explanation(
        "This call cannot be understood", NOTHING_CHANGED, "Correct the value and try again."
    ),
    errors.SettingsError: Explanation(
        "A setting cannot be used",
        "The settings file was left as it is.",
        "Correct the named line, or remove it to get the default.",
    ),
    errors.CaseError: Explanation(
        "The case cannot be used", NOTHING_CHANGED, "Open another case, or a backup of this one."
    ),
    errors.CaseTooNew: Explanation(
        "This case was made by a newer version",
        "It was not opened and not changed.",
        "Open it with the newer version.",
    ),
    errors.CaseDamaged: Explanation(
        "The case's database is damaged",
        "It was not changed; the recordings themselves are not touched.",
        "Restore a backup from the case folder, or run `reappear check` for details.",
    ),
    errors.CaseBusy: Explanation(
        "The case is in use",
        NOTHING_CHANGED,
        "Wait for the running analysis to end, or cancel it first.",
    ),
    errors.NotFound: Explanation(
        "That is no longer in the case", NOTHING_CHANGED, "Search again: the case has changed meanwhile."
    ),
    errors.UnfinishedError: Explanation(
        "The work stopped before its end", COMMITTED, "Start it again: it goes on where it stopped."
    ),
    errors.JobCancelled: Explanation("Stopped as asked", COMMITTED, "Start it again to go on where it stopped."),
    errors.DiskFull: Explanation(
        "No space is left on the disk", COMMITTED, "Free some space, then start again: it goes on where it stopped."
    ),
    errors.ChildDied: Explanation(
        "A part of the program stopped unexpectedly",
        COMMITTED,
        "Start again. If it stops at the same place, the recording is damaged there.",
    ),
    errors.ShapeError: Explanation(
        "The program made a mistake", NOTHING_CHANGED, "Copy the report and send it to the makers; go on working."
    ),
}


def explain(error: Exception) -> Explanation:
    """The words for the nearest class of an error's own family."""
    for kind in type(error).__mro__:
        if kind in EXPLANATIONS:
            return EXPLANATIONS[kind]
    if isinstance(error, OSError):
        return Explanation("A file cannot be used", NOTHING_CHANGED, "Check that it exists and may be read.")
    return EXPLANATIONS[errors.ShapeError]


def sentence(error: Exception) -> str:
    """One line for a status bar or a row: the error's own message, or its kind where it has none."""
    return str(error).strip() or explain(error).heading
