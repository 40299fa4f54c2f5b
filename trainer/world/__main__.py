"""``python -m trainer.world``: the generated world without the rest of the trainer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from trainer.endings import told
from trainer.world import command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status of errors.py."""
    parser = argparse.ArgumentParser(prog="python -m trainer.world", description=__doc__)
    command.add_arguments(parser)
    given = parser.parse_args(arguments)
    return told(lambda: command.run(given))


if __name__ == "__main__":
    sys.exit(main())
