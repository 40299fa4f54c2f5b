"""What the bundled weights are trained and tested on; committed before the first of them was trained."""

from __future__ import annotations

from trainer.world.sequences import Spec

# people to learn from
LEARNT = Spec(people=2400, cameras=18, seed=20261101, frames=8, seen_by=3)
# people that a run is watched on
WATCHED = Spec(people=60, cameras=6, seed=20261102, frames=6, seen_by=3)
# people that nothing is chosen by: the frozen test set, a fifth of them look-alikes
FROZEN_TEST = Spec(people=200, cameras=6, seed=20261130, frames=8, seen_by=3, lookalikes=0.2)
DETECTION_SEED = 20261103
