"""Sweeps over faults, a sample of each: no wrong number, no crash, no hang, nothing lost."""

import pytest

from tests.sweeps import SWEEPS
from tests.sweeps.sweep import swept

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def check(name, trained, folder, *, every):
    """A sweep ends right in each case."""
    tally = swept(SWEEPS[name].cases(trained, folder), every=every)
    assert tally.wrong == []
    assert tally.slowest < 2
    assert tally.peak_mebibytes < 300


@pytest.mark.parametrize("name", [name for name in SWEEPS if SWEEPS[name].every])
def test_a_sample_of_faults_ends_as_it_should(name, trained, tmp_path):
    check(name, trained, tmp_path, every=SWEEPS[name].every)


@pytest.mark.slow
@pytest.mark.parametrize("name", SWEEPS)
def test_every_fault_ends_as_it_should(name, trained, tmp_path):
    check(name, trained, tmp_path, every=1)
