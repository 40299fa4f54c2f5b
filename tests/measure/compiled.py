"""``python -m tests.measure.compiled [KIND ...]``: do kernels that inductor compiles agree with torch eager.

Over the toy networks of the suite, which asks aot_eager only: inductor's start alone takes most of a minute of a core,
and it needs a C++ compiler.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time

import torch

from tests.reid_engine.models.test_promises import KINDS, graph_length, small
from tests.reid_engine.models.toys import clips

MOST_APART = 1e-5


def main() -> int:
    """One line a network; 1 where one is further apart, 2 where there is no compiler."""
    kinds = [kind for kind in KINDS if "-" not in kind]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", metavar="KIND", nargs="*", help=f"some of {', '.join(KINDS)}")
    given = parser.parse_args()
    if unknown := [kind for kind in given.kinds if kind not in KINDS]:
        parser.error(f"there is no network {unknown[0]}; there are {', '.join(KINDS)}")
    if not any(shutil.which(name) for name in ("g++", "clang++")):
        print("there is no C++ compiler here (g++ or clang++): nothing was measured")
        return 2
    apart = [greatest_difference(kind) for kind in given.kinds or kinds]
    return int(max(apart) > MOST_APART)


def greatest_difference(kind: str) -> float:
    """Of any number of the vectors of three clips."""
    begun = time.perf_counter()
    network = small(kind).requires_grad_(False)
    batch = clips(3, graph_length(kind))
    with torch.no_grad():
        difference = float((torch.compile(network.embed)(batch) - network.embed(batch)).abs().max())
    print(f"{kind:<8} at most {difference:.1e} apart; {time.perf_counter() - begun:.0f} s", flush=True)
    return difference


if __name__ == "__main__":
    sys.exit(main())
