"""A program that is copied: each copy says what it found, then does what its order says."""

from __future__ import annotations

import json
import os
import sys
import time

from reid_engine.decoder.forks import copies
from reid_engine.process import OFFLINE


def main() -> None:
    """Orders: ``status N``, ``wait``, ``echo``, ``complain``; anything else is only counted."""
    order, ring = copies()
    open_ones = sorted(int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}"))
    found = {
        "order": order[:40],
        "length": len(order),
        "ring": os.pread(ring, 40, 0).decode(),
        "folder": os.getcwd(),
        "parent": os.getppid(),
        "offline": OFFLINE in os.environ,
        "threads": len(os.listdir(f"/proc/{os.getppid()}/task")),
        "descriptors": len([one for one in open_ones if one not in (0, 1, 2, ring)]),
    }
    print(json.dumps(found), flush=True)
    word, *rest = order.split()
    if word == "status":
        sys.exit(int(rest[0]))
    if word == "echo":
        print(sys.stdin.readline(), end="", flush=True)
    if word == "wait":
        time.sleep(600)
    if word == "complain":
        raise ValueError("as it was ordered")


if __name__ == "__main__":
    main()
