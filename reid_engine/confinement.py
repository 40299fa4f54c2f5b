"""What a child that opens strangers' files may still do: read, calculate, and answer on the pipes that it was given.

No file is made, written, removed or run, nobody is connected to, no other process is signalled (Landlock, as far as the
kernel knows it); its memory is bounded, and what it dies of leaves no picture of itself on the disk. How many processes
and how long it takes are not bounded: the one counts all that its user has, the other would end long recordings.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

PR_SET_NO_NEW_PRIVS = 38
MOST_MEMORY_BYTES = 4 << 30  # of its own, beside the shared ring: 16 pictures of 8K at 10 bits, and as much again

# Landlock: the same numbers on every processor; the rights to files by the version that brought them
CREATE_RULESET = 444
RESTRICT_SELF = 446
ASK_VERSION = 1
RIGHTS = {1: 0b1_1111_1111_0011, 2: 1 << 13, 3: 1 << 14}  # all but reading files and folders
NET_VERSION = 4
NET_RIGHTS = 0b11  # binding and connecting, by TCP
SCOPE_VERSION = 6
SCOPES = 0b11  # abstract sockets and signals of others


class _Ruleset(ctypes.Structure):
    """What is denied unless a rule allows it; there are no rules."""

    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


def gain_nothing() -> None:
    """From now on no program that this process becomes or starts has more rights than it has itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def confine(memory_bytes: int = MOST_MEMORY_BYTES) -> int:
    """Give up, for good and for whatever it starts, what this process does not need to read a stranger's file.

    Gives the version of Landlock that holds it; 0 where the kernel has none, and only the other limits hold.
    """
    gain_nothing()
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_DATA, memory_bytes)
    return _write_nothing() if sys.platform == "linux" else 0


def landlock_version() -> int:
    """What the kernel has of it; 0 for nothing."""
    if sys.platform != "linux":
        return 0
    return max(0, int(ctypes.CDLL(None, use_errno=True).syscall(CREATE_RULESET, None, 0, ASK_VERSION)))


def _lower(what: int, to: int) -> None:
    """Never above what is allowed already."""
    _, most = resource.getrlimit(what)
    to = to if most == resource.RLIM_INFINITY else min(to, most)
    resource.setrlimit(what, (to, to))


def _write_nothing() -> int:
    version = landlock_version()
    if not version:
        return 0
    files = sum(right for since, right in RIGHTS.items() if version >= since)
    net, scopes = NET_RIGHTS * (version >= NET_VERSION), SCOPES * (version >= SCOPE_VERSION)
    wanted, libc = _Ruleset(files, net, scopes), ctypes.CDLL(None, use_errno=True)
    known = 8 * (1 + (version >= NET_VERSION) + (version >= SCOPE_VERSION))
    ruleset = libc.syscall(CREATE_RULESET, ctypes.byref(wanted), ctypes.c_size_t(known), 0)
    if ruleset < 0:
        return 0
    try:
        return version if libc.syscall(RESTRICT_SELF, ruleset, 0) == 0 else 0
    finally:
        os.close(ruleset)
