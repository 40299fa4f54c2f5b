"""Says when the window on a case answers its first event: ``python -m tests.bench.opening CASE``, one JSON line out.

It imports what ``reappear gui`` does and no more, so that the time from the start of the process means something.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from app.gui import prepare


def main(case: str) -> None:
    """Open, say, close."""
    program = prepare()
    from PySide6.QtCore import QSettings, QTimer

    from app.application import Application

    with tempfile.TemporaryDirectory() as folder:
        state = QSettings(str(Path(folder) / "window.ini"), QSettings.Format.IniFormat)
        window = Application(state=state).open_window()

        def usable() -> None:
            sys.stdout.write(json.dumps({"usable": True}) + "\n")
            sys.stdout.flush()
            program.quit()

        window.case_opened.connect(lambda: QTimer.singleShot(0, usable))
        window.open_case(Path(case))
        program.exec()
        window.close()


if __name__ == "__main__":
    main(sys.argv[1])
