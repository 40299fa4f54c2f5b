"""The child that looks into a network file: ``python -m reid_engine.runtime inspect FILE``."""

from __future__ import annotations

import sys

from reid_engine.runtime import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
