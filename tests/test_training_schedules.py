"""Learning-rate schedules, step by step."""

import math

import pytest

from grucli.training.schedules import LearningRate


def rates(schedule, steps, steps_per_epoch=10):
    return [schedule.at(step, 1 + step // steps_per_epoch) for step in range(steps)]


def test_constant_stays():
    assert set(rates(LearningRate("constant", 0.1, 40), 40)) == {0.1}


def test_warm_up_rises_linearly_to_the_base():
    found = rates(LearningRate("constant", 0.1, 40, warmup_steps=4), 6)
    assert found == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1, 0.1])


def test_cosine_falls_from_the_base_to_zero():
    schedule = LearningRate("cosine", 0.2, 40, warmup_steps=8)
    assert schedule.at(8, 1) == pytest.approx(0.2)
    assert schedule.at(24, 3) == pytest.approx(0.1)
    assert schedule.at(40, 5) == pytest.approx(0.0, abs=1e-12)


def test_step_halves_every_few_epochs():
    schedule = LearningRate("step", 0.8, 40, every_epochs=2, factor=0.5)
    assert [schedule.at(0, epoch) for epoch in (1, 2, 3, 4, 5)] == pytest.approx(
        [0.8, 0.8, 0.4, 0.4, 0.2]
    )


def test_plateau_waits_for_its_patience_and_remembers_across_a_resume():
    schedule = LearningRate("plateau", 1.0, 40, patience_epochs=1, factor=0.1)
    for loss in (3.0, 2.0, 2.5):
        schedule.observe(loss)
    assert schedule.at(0, 4) == 1.0
    resumed = LearningRate("plateau", 1.0, 40, patience_epochs=1, factor=0.1)
    resumed.load_state_dict(schedule.state_dict())
    resumed.observe(2.4)
    assert resumed.at(0, 5) == pytest.approx(0.1)
    resumed.observe(1.0)
    assert resumed.at(0, 6) == pytest.approx(0.1)
    assert math.isclose(resumed.plateau_best, 1.0)
