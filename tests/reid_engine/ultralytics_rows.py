"""Child of test_tracking: what ultralytics' own ByteTrack makes of given detections.

``python ultralytics_rows.py IN.npz OUT.npz SETTINGS``: kept apart since importing ultralytics changes its process.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np


class Boxes:
    """The four columns that the tracker reads, indexable by a mask."""

    def __init__(self, xyxy: Any, conf: Any) -> None:
        self.xyxy, self.conf, self.cls = xyxy, conf, np.zeros(len(conf), np.float32)
        self.xywh = np.concatenate(((xyxy[:, :2] + xyxy[:, 2:]) / 2, xyxy[:, 2:] - xyxy[:, :2]), 1)

    def __len__(self) -> int:
        return len(self.conf)

    def __getitem__(self, mask: Any) -> Boxes:
        return Boxes(self.xyxy[mask], self.conf[mask])


def main(source: str, target: str, settings: str) -> None:
    """Write one (N, 9) array a scene: the picture's number, then the tracker's row; and how long the tracker took."""
    from ultralytics.trackers.byte_tracker import BYTETracker

    rows: dict[str, Any] = {}
    scenes = np.load(source)
    for name in scenes.files:
        if name.startswith("settings"):
            continue
        tracker, found, spent = BYTETracker(SimpleNamespace(**json.loads(settings)[name])), [], 0.0
        column, pictures = scenes[name], int(scenes[name][-1, 0])
        for picture in range(pictures):
            here = column[column[:, 0] == picture]
            boxes = Boxes(here[:, 1:5], here[:, 5])
            started = time.perf_counter()
            out = tracker.update(boxes)
            spent += time.perf_counter() - started
            found += [[picture, *row] for row in out]
        rows[name] = np.array(found, np.float64).reshape(-1, 9)
        rows[name + ":seconds"] = np.array(spent)
    np.savez(target, **rows)


if __name__ == "__main__":
    folder = Path(sys.argv[2]).parent / "Ultralytics"
    folder.mkdir(exist_ok=True)
    quiet = {"settings_version": "0.0.8", "sync": False, "vscode_msg": False, "openvino_msg": False}
    (folder / "settings.json").write_text(json.dumps(quiet))
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_CONFIG_DIR=str(folder.parent))
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(*sys.argv[1:])
