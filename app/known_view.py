"""The people of the case of whom sightings are confirmed, beside whoever is looked for: a click goes on with one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt

from app.journeys import known_words
from app.panes.subject import SubjectPane
from app.workspace import Workspace
from reid_engine.journey import Known


class KnownView(QObject):
    """Keeps the list as it is in the case: after every decision, split or merge, and what takes them back."""

    def __init__(self, work: Workspace, pane: SubjectPane, parent: QObject) -> None:
        super().__init__(parent)
        self.work = work
        self._pane = pane
        work.footage_changed.connect(self.read, Qt.ConnectionType.SingleShotConnection)
        work.investigation.written.connect(self.read)
        work.edited.connect(self.read)

    def read(self) -> None:
        """Read it again."""
        self.work.reading.run(self.work.desk.case.known_people, self._show, key="known")

    def _show(self, people: Sequence[Known]) -> None:
        self._pane.show_known([(one, known_words(one, self.work.label)) for one in people])
