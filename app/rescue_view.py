"""An error on the screen; where a case is damaged, with what there is to do about it: its backup, or what can be read.

Both are the command ``reappear rescue`` in a child, which makes a new case beside the damaged one; it is opened then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QProcess, Qt, SignalInstance
from PySide6.QtWidgets import QMainWindow

from app.children import environment
from app.dialogs.trouble import TroubleDialog
from app.words import tr
from reid_engine.errors import CaseDamaged, ReappearError


def show_trouble(
    error: Exception, window: QMainWindow, command: Sequence[str], open_case: Callable[[Path], object]
) -> None:
    """Show one error, without blocking. command: the words before a verb; open_case: what a new case is given to."""
    ways: dict[str, Callable[[], object]] = {}
    folder = error.folder if isinstance(error, CaseDamaged) else None
    if folder is not None:
        from reid_engine.store.standing import standing  # loaded by then; the first paint does without

        backups = standing(folder)
        act = partial(_rescue, window, tuple(command), open_case, folder)
        if backups:
            words = tr("Open the backup of {when}").format(when=backups[0].words)
            ways[words] = partial(act, tr("{name} (backup)"), ["--backup"])
        ways[tr("Rescue what can be read")] = partial(act, tr("{name} (rescued)"), [])
    TroubleDialog(error, window, ways).open()


def _rescue(
    window: QMainWindow,
    command: tuple[str, ...],
    open_case: Callable[[Path], object],
    folder: Path,
    name: str,
    options: list[str],
) -> None:
    out = _free(folder.with_name(name.format(name=folder.name)))
    window.statusBar().showMessage(tr("Making {name} …").format(name=out.name))
    child = QProcess(window)  # killed with the window; what it made until then has no name yet
    child.setProcessEnvironment(environment())
    child.finished.connect(lambda status: _done(child, window, status, out, open_case))
    child.errorOccurred.connect(lambda error: _not_started(error, child, window, out, open_case))
    child.start(command[0], [*command[1:], "rescue", str(folder), str(out), *options])


def _not_started(
    error: QProcess.ProcessError, child: QProcess, window: QMainWindow, out: Path, open_case: Callable[[Path], object]
) -> None:
    if error == QProcess.ProcessError.FailedToStart:  # any other end is told as finished
        _done(child, window, -1, out, open_case)


def _done(child: QProcess, window: QMainWindow, status: int, out: Path, open_case: Callable[[Path], object]) -> None:
    said = bytes(child.readAllStandardError().data()).decode("utf-8", "replace").strip()
    child.deleteLater()
    window.statusBar().clearMessage()
    if status:
        said = said or tr("The program could not start itself.")
        TroubleDialog(ReappearError(said.removeprefix("reappear: ")), window).open()
        return
    opened: SignalInstance = getattr(window, "case_opened")  # noqa: B009 - the one window has it
    say = partial(window.statusBar().showMessage, said.replace("\n", "; "))
    opened.connect(lambda: say(), Qt.ConnectionType.SingleShotConnection)
    open_case(out)


def _free(wanted: Path) -> Path:
    """A folder of that name that is not there yet, numbered where it must be."""
    number, free = 1, wanted
    while free.exists():
        number += 1
        free = wanted.with_name(f"{wanted.name} {number}")
    return free
