"""Copies of a process that is loaded already: what they are given, how they end, and what a kill leaves."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reid_engine.decoder.forks import Fork, ForkServer
from reid_engine.process import OFFLINE
from tests.bench.memory import parents
from tests.support.command import is_alive

PATIENCE_S = 30.0


class Asked:
    """A copy with its pipes."""

    def __init__(self, server: ForkServer, order: str) -> None:
        self.ring = os.memfd_create("ring")
        os.write(self.ring, b"what lies in the ring")
        stdin, self.stdin = os.pipe()
        self.stdout, stdout = os.pipe()
        self.fork: Fork = server.fork(order, stdin, stdout, self.ring)
        os.close(stdin)
        os.close(stdout)

    def line(self) -> str:
        """The next line that it writes; empty at its end."""
        said = b""
        while not said.endswith(b"\n") and (byte := os.read(self.stdout, 1)):
            said += byte
        return said.decode().strip()

    def found(self) -> dict[str, Any]:
        """What it found at its beginning."""
        found: dict[str, Any] = json.loads(self.line())
        return found

    def close(self) -> None:
        """End it."""
        self.fork.close()
        for descriptor in (self.ring, self.stdin, self.stdout):
            os.close(descriptor)


def children() -> set[int]:
    """Of this process, those that have not begun another program yet among them."""
    return {pid for pid, parent in parents().items() if parent == os.getpid()}


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    made = ForkServer("tests.support.copied")
    yield made
    made.close()


def wait_until_gone(*pids: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while any(map(is_alive, pids)):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_a_copy_has_its_order_its_ring_its_pipes_and_our_folder(
    server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Asked(server, "nothing")
    assert first.found()["folder"] == os.getcwd()
    monkeypatch.chdir(tmp_path)
    second = Asked(server, "echo")
    found = second.found()
    assert (found["order"], found["ring"], found["folder"]) == ("echo", "what lies in the ring", str(tmp_path))
    os.write(second.stdin, b"a line for it alone\n")
    assert second.line() == "a line for it alone"
    assert second.line() == ""
    first.close()
    second.close()


def test_it_may_be_started_before_it_is_needed() -> None:
    server, before = ForkServer("tests.support.copied"), children()
    server.start()
    started = children() - before
    server.start()
    asked = Asked(server, "wait")
    assert {asked.found()["parent"]} == started == children() - before
    asked.close()
    server.close()
    assert children() == before


def test_an_order_may_be_longer_than_any_command_line(server: ForkServer) -> None:
    asked = Asked(server, "x" * 3_000_000)
    assert asked.found()["length"] == 3_000_000
    asked.close()


def test_all_are_copied_from_one_process_of_one_thread_and_hold_nothing_of_the_others(server: ForkServer) -> None:
    asked = [Asked(server, "wait") for _ in range(4)]
    found = [one.found() for one in asked]
    assert len({one["parent"] for one in found}) == 1
    assert len({one.fork.pid for one in asked}) == 4
    assert {one["threads"] for one in found} == {1}
    assert {one["descriptors"] for one in found} == {0}
    for one in asked:
        one.close()


@pytest.mark.parametrize("status", [0, 3])
def test_a_copy_ends_with_its_status(server: ForkServer, status: int) -> None:
    asked = Asked(server, f"status {status}")
    assert asked.fork.wait() == status
    asked.close()


def test_a_copy_that_fails_says_why_and_ends_as_a_program_does(capfd: pytest.CaptureFixture[str]) -> None:
    server = ForkServer("tests.support.copied")  # begun here, its standard error is what is watched
    asked = Asked(server, "complain")
    assert asked.fork.wait() == 1
    asked.close()
    server.close()
    assert "ValueError: as it was ordered" in capfd.readouterr().err


def test_a_signal_that_kills_it_is_told(server: ForkServer) -> None:
    asked, bystander = Asked(server, "wait"), Asked(server, "wait")
    os.kill(asked.fork.pid, signal.SIGSEGV)
    assert asked.fork.wait() == -signal.SIGSEGV
    assert is_alive(bystander.fork.pid)
    bystander.fork.kill()
    assert bystander.fork.wait() == -signal.SIGKILL
    asked.close()
    bystander.close()


def test_one_that_is_closed_before_it_began_is_gone_too(server: ForkServer) -> None:
    asked = Asked(server, "wait")
    asked.close()
    assert asked.fork.returncode == -signal.SIGKILL
    assert not is_alive(asked.fork.pid)


def test_a_killed_server_takes_its_copies_along_and_is_started_again(server: ForkServer) -> None:
    lost = [Asked(server, "wait") for _ in range(2)]
    killed = lost[0].found()["parent"]
    os.kill(killed, signal.SIGKILL)
    assert [one.fork.wait() for one in lost] == [-signal.SIGKILL] * 2
    wait_until_gone(killed, *(one.fork.pid for one in lost))
    again = Asked(server, "status 5")
    assert again.fork.wait() == 5
    for one in (*lost, again):
        one.close()


def test_a_network_that_was_refused_later_is_refused_to_later_copies(
    server: ForkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(OFFLINE, raising=False)
    before = Asked(server, "nothing")
    assert not before.found()["offline"]
    monkeypatch.setenv(OFFLINE, "1")
    after = Asked(server, "nothing")
    found = after.found()
    assert found["offline"]
    before.close()
    after.close()


def test_it_serves_threads_that_end_before_their_copies(server: ForkServer) -> None:
    asked: list[Asked] = []
    threads = [threading.Thread(target=lambda: asked.append(Asked(server, "wait"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.found()["parent"] for one in asked}) == 1
    assert all(is_alive(one.fork.pid) for one in asked)
    pids = [one.fork.pid for one in asked]
    server.close()
    wait_until_gone(*pids)
    for one in asked:
        one.close()


def test_nothing_stays_open(server: ForkServer) -> None:
    Asked(server, "nothing").close()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        Asked(server, "wait").close()
    assert len(os.listdir("/proc/self/fd")) == before
