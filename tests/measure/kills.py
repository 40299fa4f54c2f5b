"""Kill -9 at random moments of an ingest of two cameras; every one must resume to the identical set of tracklets.

    python -m tests.measure.kills [--kills 50] [--seed 1] [--footage A B --detector W --embedder W --fps N]

Without footage it draws its own and detects by colour. Each trial is a new case: killed once at a random moment between
its start and a little after its expected end, run again to the end, compared with an undisturbed case and checked.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tests.support import command
from tests.support.command import Weights, contents, reappear
from tests.support.footage import two_cameras


def main() -> None:
    """All trials, a line each, and the sum."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--footage", type=Path, nargs=2)
    parser.add_argument("--detector", type=Path)
    parser.add_argument("--embedder", type=Path)
    parser.add_argument("--fps", type=float)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trials(Path(folder), asked)


def trials(folder: Path, asked: argparse.Namespace) -> None:
    """Kill, resume and compare, as often as asked."""
    recordings = asked.footage or two_cameras(folder, seconds=8.0)
    drawn = Weights.write(folder, delay_s=0.02)
    weights = Weights(asked.detector or drawn.detector, asked.embedder or drawn.embedder)
    options = [*recordings, *weights.options(), *(["--fps", asked.fps] if asked.fps else [])]
    begun = time.monotonic()
    assert reappear("ingest", folder / "undisturbed", *options).status == 0
    whole_s = time.monotonic() - begun
    undisturbed = contents(folder / "undisturbed")
    print(f"undisturbed: {len(undisturbed)} tracklets in {whole_s:.1f} s")
    moments = random.Random(asked.seed)
    identical = begun_before = 0
    for number in range(asked.kills):
        case = folder / f"case {number}"
        after_s = moments.uniform(0.0, 1.05 * whole_s)
        process = command.start("ingest", case, *options)
        try:
            process.wait(timeout=after_s)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        again = reappear("ingest", case, *options)
        resumed = "goes on where" in again.out
        same = again.status == 0 and contents(case) == undisturbed and reappear("check", case).status == 0
        identical += same
        begun_before += resumed
        print(f"{number + 1:3d}  killed after {after_s:5.1f} s  resumed {resumed!s:5}  identical {same}", flush=True)
        shutil.rmtree(case)
    print(f"{identical} of {asked.kills} identical; {begun_before} of them were in the middle of a recording")


if __name__ == "__main__":
    main()
