"""Imported before anything else brings OpenCV in: its marks on the environment are undone at once.

Importing OpenCV points Qt at the plugins and fonts of its own older Qt, and lengthens the library path. This process is
not harmed, but every child would inherit it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping

QT_VARIABLES = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")
KEPT_VARIABLES = ("LD_LIBRARY_PATH", "OMP_NUM_THREADS")


def undo_pollution(before: Mapping[str, str], environment: MutableMapping[str, str]) -> None:
    """Remove Qt paths that lead into OpenCV's folder; give back the kept variables as they were in ``before``."""
    for name in QT_VARIABLES:
        if f"{os.sep}cv2{os.sep}" in environment.get(name, "") + os.sep:
            environment.pop(name)
    for name in KEPT_VARIABLES:
        if name in before:
            environment[name] = before[name]
        else:
            environment.pop(name, None)


def import_opencv_cleanly() -> None:
    """Import OpenCV now, and leave the environment as it was."""
    before = dict(os.environ)
    import cv2

    cv2.setNumThreads(1)  # decoding thumbnails must not take the processor from an ingest
    undo_pollution(before, os.environ)


import_opencv_cleanly()
