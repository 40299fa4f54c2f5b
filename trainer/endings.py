"""The border of the commands: where whatever ends a verb becomes a sentence and an exit status of errors.py."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable

from reid_engine.errors import InputError, ReappearError, UnfinishedError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def told(verb: Callable[[], str | int | None]) -> int:
    """Run it and print what it says; what the system refuses (a folder, a full disk) is a sentence.

    verb: gives a text, or a status of its own
    """
    try:
        said = verb()
        if isinstance(said, int):
            return said
        if said:
            sys.stdout.write(said + "\n")
            sys.stdout.flush()
    except ReappearError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        return UnfinishedError.exit_status
    except OSError as error:
        if error.errno is None:  # raised by code, not by the system: a mistake in the program must be seen whole
            raise
        named = "" if error.filename is None else f"{error.filename}: "
        full = error.errno in FULL
        sys.stderr.write(f"{named}{error.strerror}{'; make room, and run it again' if full else ''}\n")
        return (UnfinishedError if full else InputError).exit_status
    return 0
