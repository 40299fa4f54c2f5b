"""What the bundled weights are tested on; committed before the first of them was trained.

What they are trained on stands in ``everything.sh``, as the calls that make it.
"""

from __future__ import annotations

from trainer.world.sequences import Spec

# people that nothing is chosen by: the frozen test set, a fifth of them look-alikes
FROZEN_TEST = Spec(people=200, cameras=6, seed=20261130, frames=8, seen_by=3, lookalikes=0.2)
