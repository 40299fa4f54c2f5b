"""What a child that opens strangers' files can no longer do; decoders and the picture child are such."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from reid_engine.confinement import MOST_MEMORY_BYTES, confine, landlock_version
from reid_engine.decoder import DecodeRequest, FrameReader, probe
from reid_engine.errors import InputError, SourceError
from reid_engine.picture import read_picture
from reid_engine.process import end_child, start_child
from reid_engine.video import container, open_source
from tests.support.recorded import draw, write_clip

CONFINED = "from reid_engine.confinement import confine; confine(1 << 30)\n"
PATIENCE_S = 30.0
FILES, NET, SCOPES = 1, 4, 6  # versions of Landlock that brought them


def ended(code: str, folder: Path) -> str:
    """The last line that a Python process with this code complains with."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    return (done.stderr.splitlines() or [""])[-1]


def wait_until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not claim():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def limits(pid: int) -> tuple[str, dict[str, str]]:
    """Whether a process can gain rights, and its limits by name."""
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    rows = Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
    return status["NoNewPrivs"], {row[:26].strip(): row[26:47].strip() for row in rows}


@pytest.mark.parametrize(
    ("attempt", "needs"),
    [
        ("open('made', 'w')", FILES),
        ("open('there', 'a')", FILES),
        ("os.unlink('there')", FILES),
        ("os.mkdir('folder')", FILES),
        ("os.symlink('there', 'link')", FILES),
        ("os.execv('/bin/true', ['true'])", FILES),
        ("socket.create_connection(('127.0.0.1', 9), 1)", NET),
        ("os.kill(os.getppid(), 0)", SCOPES),
    ],
)
def test_a_confined_child_cannot(tmp_path: Path, attempt: str, needs: int) -> None:
    if landlock_version() < needs:
        pytest.skip("this kernel has no such Landlock")
    (tmp_path / "there").write_text("untouched")
    assert ended(f"import os, socket\n{CONFINED}{attempt}", tmp_path).startswith("PermissionError")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    assert (tmp_path / "there").read_text() == "untouched"


def test_a_confined_child_reads_and_answers_but_takes_no_memory_without_end(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("read me")
    done = subprocess.run(
        [sys.executable, "-c", f"{CONFINED}print(open('there').read())"], cwd=tmp_path, capture_output=True, check=True
    )
    assert done.stdout == b"read me\n"
    assert ended(f"{CONFINED}bytearray(2 << 30)", tmp_path) == "MemoryError"


def test_a_decoder_is_confined(tmp_path: Path) -> None:
    with FrameReader(DecodeRequest(write_clip(tmp_path / "hall.mp4"))) as reader:
        assert reader.read() is not None
        gains_nothing, most = limits(reader.pid)
    assert gains_nothing == "1"
    assert most["Max data size"] == str(MOST_MEMORY_BYTES)
    assert most["Max core file size"] == "0"


def test_the_child_that_opens_a_picture_is_confined_before_it_looks_at_it(tmp_path: Path) -> None:
    pipe = tmp_path / "picture.png"
    os.mkfifo(pipe)
    child = start_child("reid_engine.picture", [str(pipe)])
    try:
        with pipe.open("wb"):  # returns once the child has opened it; nothing comes
            wait_until(lambda: limits(child.pid)[1]["Max data size"] == str(MOST_MEMORY_BYTES))
            assert limits(child.pid)[0] == "1"
    finally:
        end_child(child)


def test_whoever_asks_is_not_confined(tmp_path: Path) -> None:
    with FrameReader(DecodeRequest(write_clip(tmp_path / "hall.mp4"))) as reader:
        reader.read()
        (tmp_path / "still").write_text("written")
    assert confine.__module__ == "reid_engine.confinement"


# pictures that are too large ------------------------------------------------------------------------------------------


def huge_png(path: Path, side: int = 16_000) -> Path:
    """Says that it has so many pixels a side, and holds none of them."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    chunks = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    return path


SAID = "more than 120 million pixels, the most that is read; save it smaller"


def test_a_picture_of_too_many_pixels_is_refused_as_such(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read_picture(huge_png(tmp_path / "huge.png"))
    assert str(error.value) == f"{tmp_path / 'huge.png'} has {SAID}"


def test_a_folder_of_too_large_pictures_is_refused_and_one_among_others_passed_over(tmp_path: Path) -> None:
    huge_png(tmp_path / "1.png")
    with pytest.raises(SourceError) as error:
        probe(DecodeRequest(tmp_path, "folder"))
    assert str(error.value) == f"{tmp_path}: none of its 1 pictures can be read (1.png has {SAID})"
    cv2.imwrite(str(tmp_path / "2.png"), draw(2))
    with FrameReader(DecodeRequest(tmp_path, "folder")) as reader:
        while (frame := reader.read()) is not None:
            reader.release(frame)
        damage = reader.report().damage
    assert damage.decode_errors == 1
    assert f"1.png has {SAID}" in str(damage.places)


def test_a_video_of_too_large_pictures_is_refused_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = write_clip(tmp_path / "hall.mp4")
    monkeypatch.setattr(container, "LARGEST_PX", 96 * 64 - 1)
    with pytest.raises(SourceError, match=r"hall.mp4: every picture of it has more than 120 million pixels"):
        open_source(clip)


def test_a_large_photograph_is_still_read(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "8k.jpg"), np.full((4320, 7680, 3), 90, np.uint8))
    assert read_picture(tmp_path / "8k.jpg").shape == (2304, 4096, 3)
