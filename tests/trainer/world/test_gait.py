"""Walking: feet that hold the ground, limbs that keep their length."""

import numpy as np
import pytest

from trainer.world.gait import ACTIONS, stance, stride_m
from trainer.world.people import person


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("speed", [0.8, 1.3, 1.9])
def test_one_point_of_a_foot_always_holds_the_ground(seed, speed):
    who = person(seed)
    stride, step = stride_m(who, speed), 0.01
    for phase in np.arange(0, 1, step):
        now, then = (stance(who, "walk", at, speed).joints for at in (phase, phase + step))
        moves = []
        for joint in ("heel l", "toe l", "heel r", "toe r"):
            after = then[joint] + np.array([0, stride * step, 0])  # the body has advanced
            if now[joint][2] < 0.03:
                moves.append(np.linalg.norm(after - now[joint]))
        assert moves, f"nobody flies at phase {phase:.2f}"
        assert min(moves) < 0.004, f"a foot slides {min(moves) * 1000:.1f} mm at phase {phase:.2f}"


@pytest.mark.parametrize("action", ACTIONS)
def test_limbs_keep_their_length(action):
    who = person(3)
    bones = [("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist")]
    for first, second in bones:
        for side in "lr":
            lengths = [
                np.linalg.norm(joints[f"{first} {side}"] - joints[f"{second} {side}"])
                for joints in (stance(who, action, phase, 1.3).joints for phase in np.linspace(0, 1, 20))
            ]
            assert np.ptp(lengths) < 0.002


def test_knees_bend_forward_and_stay_above_the_ground():
    for phase in np.linspace(0, 1, 30):
        joints = stance(person(4), "walk", phase, 1.4).joints
        for side in "lr":
            middle = (joints[f"hip {side}"] + joints[f"ankle {side}"]) / 2
            assert joints[f"knee {side}"][1] >= middle[1] - 1e-6
            assert joints[f"ankle {side}"][2] > 0.02


def test_a_faster_walk_takes_longer_strides_and_taller_people_too():
    assert stride_m(person(1), 1.8) > stride_m(person(1), 1.0)
    small, tall = sorted((person(seed) for seed in range(20)), key=lambda who: who.height_m)[::19]
    assert stride_m(tall, 1.3) > stride_m(small, 1.3)


def test_an_action_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="unknown action 'fly'; expected one of walk"):
        stance(person(1), "fly", 0.0)
