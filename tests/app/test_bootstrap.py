from __future__ import annotations

import subprocess
import sys

from app._bootstrap import undo_pollution


def test_qt_paths_into_opencv_are_removed() -> None:
    environment = {"QT_QPA_PLATFORM_PLUGIN_PATH": "/x/cv2/qt/plugins", "QT_QPA_FONTDIR": "/x/cv2/qt/fonts"}
    undo_pollution({}, environment)
    assert environment == {}


def test_qt_paths_that_somebody_set_stay() -> None:
    environment = {"QT_QPA_FONTDIR": "/usr/share/fonts"}
    undo_pollution(dict(environment), environment)
    assert environment == {"QT_QPA_FONTDIR": "/usr/share/fonts"}


def test_library_path_and_threads_are_given_back() -> None:
    environment = {"LD_LIBRARY_PATH": "/x/cv2:/lib", "OMP_NUM_THREADS": "1"}
    undo_pollution({"LD_LIBRARY_PATH": "/lib"}, environment)
    assert environment == {"LD_LIBRARY_PATH": "/lib"}


def test_the_first_paint_waits_for_nothing_that_only_a_case_needs() -> None:
    code = (
        "import sys, app.gui, app.application\n"
        "heavy = {'numpy', 'cv2', 'scipy', 'sqlalchemy', 'faiss', 'pydantic', 'app.case_view'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_windows_process_imports_no_network_and_leaves_the_environment_alone() -> None:
    code = (
        "import os, sys; before = dict(os.environ)\n"
        "import app.gui, app.application, app.case_view\n"
        "heavy = {'torch', 'torchvision', 'ultralytics', 'openvino', 'onnxruntime', 'av'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert dict(os.environ) == before, set(os.environ.items()) ^ set(before.items())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
