"""A program that says it needs no network refuses one, in itself and in its children; and who is put behind."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from reid_engine.process import put_behind

OFFLINE = "from reid_engine.process import forbid_network; forbid_network()\n"
CHILD = "import socket, sys; from reid_engine.process import stay_offline; stay_offline(); "
CONNECT = "socket.create_connection(('127.0.0.1', 9), 1)"


def ended(code: str) -> str:
    """The last line that a Python process with this code complains with."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    return (done.stderr.splitlines() or [""])[-1]


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.getaddrinfo('example.org', 80)",
        "socket.create_connection(('127.0.0.1', 9), 1)",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
        "urllib.request.urlopen('http://127.0.0.1:9')",
    ],
)
def test_every_way_out_is_refused(attempt: str) -> None:
    assert "offline" in ended(f"import socket, urllib.request\n{OFFLINE}{attempt}")


def test_a_child_refuses_as_its_parent_does() -> None:
    child = f"subprocess.run([sys.executable, '-c', {CHILD + CONNECT!r}], check=False)"
    assert "offline" in ended(f"import subprocess, sys\n{OFFLINE}{child}")


def test_without_the_word_nothing_is_refused() -> None:
    assert "offline" not in ended(CHILD + CONNECT)


def test_another_process_of_this_machine_may_be_spoken_to() -> None:
    pair = "socket.socket(socket.AF_UNIX).connect('/nowhere')"
    assert ended(f"import socket\n{OFFLINE}{pair}").startswith("FileNotFoundError")


def test_nobody_is_put_behind_where_nothing_began() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0)
    put_behind(0, 19)
    assert (os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0)) == before
