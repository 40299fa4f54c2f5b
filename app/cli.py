"""The command line: ``reappear VERB ...``. Verbs are in ``app.commands``; this file is the border where errors become
sentences and exit statuses.

    0  done          2  a wrong call      3  input that cannot be used      4  cancelled, or could not finish
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

import typer
from typer.main import get_command

from app.commands import Program, register
from reid_engine.errors import ReappearError
from reid_engine.process import stay_offline

UNEXPECTED = 1


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
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    line = get_command(command_line(next(iter(arguments), None)))
    try:
        status = line.main(
            args=arguments,
            prog_name="reappear",
            standalone_mode=False,
            obj=Program() if program is None else program,
        )
    except typer.TyperException as error:
        sys.stderr.write(f"reappear: {error.format_message()}\n")
        return 2
    except ReappearError as error:
        sys.stderr.write(f"reappear: {error}\n")
        return error.exit_status
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("reappear: stopped\n")
        return 4
    except BrokenPipeError:
        return 0
    except Exception:  # noqa: BLE001 - the border: whatever is left is our mistake and must be seen whole
        traceback.print_exc()
        sys.stderr.write("reappear: this is a mistake in the program, not in your input; the text above says where\n")
        return UNEXPECTED
    return status if isinstance(status, int) else 0


def entry() -> None:
    """What the ``reappear`` command calls."""
    sys.exit(main())
