"""Counts connections in every Python child: found first on the path, it patches ``socket`` before anything is imported.

Forked children inherit the patch; each attempt is one line in the file that ``CONNECTION_LOG`` names.
"""

from __future__ import annotations

import os
import socket
from typing import Any

LOG = os.environ.get("CONNECTION_LOG")


def note(what: str, target: object) -> None:
    """One line, whole even when several processes write."""
    if LOG is not None:
        descriptor = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{os.getpid()} {what} {target}\n".encode())
        os.close(descriptor)


class CountingSocket(socket.socket):
    """A socket that notes where it is asked to go."""

    def connect(self, address: Any, /) -> None:
        if self.family != socket.AF_UNIX:
            note("connect", address)
        super().connect(address)

    def connect_ex(self, address: Any, /) -> int:
        if self.family != socket.AF_UNIX:
            note("connect_ex", address)
        return super().connect_ex(address)

    def sendto(self, *arguments: Any) -> int:
        if self.family != socket.AF_UNIX:
            note("sendto", arguments[-1])
        return super().sendto(*arguments)


def looked_up(original: Any) -> Any:
    """Asking for a name's address is a connection too."""

    def counting(host: object, *arguments: Any, **named: Any) -> Any:
        note("getaddrinfo", host)
        return original(host, *arguments, **named)

    return counting


if LOG is not None:
    socket.socket = CountingSocket  # type: ignore[misc]
    socket.getaddrinfo = looked_up(socket.getaddrinfo)
