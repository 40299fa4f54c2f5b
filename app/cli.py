"""The command line: ``reappear VERB ...``. Verbs are in ``app.commands``; this file is the border where errors become
sentences and exit statuses. Whoever stops reading what is written ends it without a word, with 0.

    0  done          2  a wrong call      3  input that cannot be used      4  cancelled, or could not finish
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

import typer
from typer.main import get_command

from app.commands import Program, register
from reid_engine.errors import ReappearError
from reid_engine.process import stay_offline

UNEXPECTED = 1
UNUSABLE = 3
UNFINISHED = 4
LACKING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EFBIG, errno.EIO})


def command_line(verb: str | None = None) -> typer.Typer:
    """All verbs, or those that come with ``verb``, freshly put together."""
    line = typer.Typer(
        name="reappear",
        help="Find a person again across camera recordings.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    line.callback()(_reappear)
    register(line, verb)
    return line


def _reappear() -> None:
    """Find a person again across camera recordings."""


def main(arguments: Sequence[str] | None = None, program: Program | None = None) -> int:
    """Run one verb and return its exit status; every error ends here, as a sentence on standard error."""
    stay_offline()
    _open_streams()
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    line = get_command(command_line(next(iter(arguments), None)))
    try:
        status = line.main(
            args=arguments,
            prog_name="reappear",
            standalone_mode=False,
            obj=Program() if program is None else program,
        )
        sys.stdout.flush()
    except typer.TyperException as error:
        sys.stderr.write(f"reappear: {error.format_message()}\n")
        return 2
    except ReappearError as error:
        sys.stderr.write(f"reappear: {error}\n")
        return error.exit_status
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("reappear: stopped\n")
        return 4
    except SystemExit:  # typer's way of saying that nobody reads any more
        return _unheard()
    except OSError as error:
        return _unheard() if error.errno == errno.EPIPE else _refused(error)
    except Exception:  # noqa: BLE001 - the border: whatever is left is our mistake and must be seen whole
        traceback.print_exc()
        sys.stderr.write("reappear: this is a mistake in the program, not in your input; the text above says where\n")
        return UNEXPECTED
    return status if isinstance(status, int) else 0


def _refused(error: OSError) -> int:
    """What the machine would not do, as a sentence."""
    _let_go(sys.stdout)
    named = "" if error.filename is None else f"{error.filename}: "
    what = f"reappear: {named}{error.strerror or error}"
    if error.errno not in LACKING:
        sys.stderr.write(f"{what}\n")
        return UNUSABLE
    sys.stderr.write(f"{what}; what was committed is kept, run it again when there is room for it\n")
    return UNFINISHED


def _unheard() -> int:
    """Whoever listened has heard enough."""
    _let_go(sys.stdout)
    _let_go(sys.stderr)
    return 0


def _let_go(stream: TextIO) -> None:
    """What cannot be written any more is not tried again at the very end."""
    try:
        stream.flush()
    except OSError:
        with suppress(OSError, ValueError), open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())


def _open_streams() -> None:
    """A standard stream that was closed is one that nobody reads."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - as long as the process


def entry() -> None:
    """What the ``reappear`` command calls."""
    sys.exit(main())
