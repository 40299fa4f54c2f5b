"""Everything that the window does to a case, or finds in it, can be done from a command line too."""

from __future__ import annotations

from typing import Any

import pytest
from typer.main import get_command

from app.cli import command_line
from app.main_window import MainWindow
from app.verbs import ALONE, verbs
from trainer.__main__ import main as train

# every verb of the menus and what does the same without a window; options are checked as well as names
SAME = {
    "New case …": "ingest --purpose",
    "Open case …": "cases",
    "Networks …": "ingest --detector --embedder",
    "Describe everybody again …": "describe --embedder --embedder-card --control --list",
    "Add files …": "ingest --camera --start",
    "Add folder …": "ingest --camera --start",
    "Start": "ingest --control",
    "Rename the camera …": "cameras --rename",
    "Everybody": "tracklets --camera --from --to --upper --lower --quality",
    "Search the selected person": "search --tracklet --at --camera --from --to --upper --lower --quality --sheet",
    "Also an example of the person": "search --same",
    "An example of somebody else": "search --different",
    "Search again": "search --tracklet",
    "Search by a picture …": "search --image",
    "Search the copied picture": "search --image",
    "Split the selected track here": "split --at",
    "Erase …": "erase --tracklet --person --recording --camera --before --reason --asked-by --yes",
    "Merge the last two selected": "merge",
    "Same person": "decide",
    "Different person": "decide",
    "Unsure": "decide",
    "Refine the ranking": "search --tracklet",
    "Compare side by side": "why",
    "Why this match": "why",
    "Undo": "undo",
    "Redo": "redo",
    "Show or hide the journey": "journey",
    "Note about this moment …": "note --at --camera",
    "Links between cameras …": "pair --least-s",
    "Floor plan …": "plan --picture --place",
    "Export the journey …": "journey --export",
    "Evidence …": "evidence --before --after --redact --reason --recipient --skip-missing --only",
    "Save a still": "still",
    "The record …": "record",
    "Device …": "device",
    "Settings …": "settings --default",
}
# what only changes how the window shows things, and leaves no trace in the case
LOOKS = {
    "Close case", "Quit", "Play or pause", "Backwards, faster", "Pause", "Forwards, faster", "Previous picture",
    "Next picture", "Back 10 s", "Ahead 10 s", "Go to a moment …", "Next appearance", "Previous appearance",
    "Leave out where nobody is", "One, four or nine cameras", "Nearer", "Farther",
    "One camera alone, or all", *map(str, ALONE), "All cameras", "Boxes", "Lighter pictures",
    "Next person", "Previous person",
    "Better moment of the track", "Between pictures and cards",
    "Clear the selection", "Play the journey", "Footage", "Investigate", "Command palette …", "Dark or light",
    "Larger text", "Smaller text", "Help", "Keys",
}  # fmt: skip
TRAINS = "Train a model …"


def commands() -> Any:
    """Every command, by name."""
    return getattr(get_command(command_line(None)), "commands")  # noqa: B009 - a group has them


@pytest.mark.parametrize("verb", SAME)
def test_a_verb_of_the_window_exists_as_a_command(verb: str) -> None:
    name, *options = SAME[verb].split()
    offered = {
        option for parameter in commands()[name].params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert set(options) <= offered


@pytest.mark.window
def test_no_verb_of_the_window_is_left_out(window: MainWindow) -> None:
    assert {str(verb.words) for verb in verbs(window)} == SAME.keys() | LOOKS | {TRAINS}


def test_training_has_a_command_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        train(["train", "--help"])
    assert ended.value.code == 0
    assert "--resume" in capsys.readouterr().out
