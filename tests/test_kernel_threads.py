"""Threads and instruction sets: what may change a number and what may not."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from grucli.nn.native.binding import available, limit_threads, run_layer_native
from grucli.nn.native.problem import native
from grucli.nn.rules import LayerWeights
from tests.kernel_cases import VARIANTS, make_case, run

pytestmark = pytest.mark.skipif(not available(), reason="installed without a compiler")

# Enough work that the kernel does use the threads it is offered.
SIZES = (12, 19, 9, 70)


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    threads, instructions = torch.get_num_threads(), native.instruction_set()
    yield
    torch.set_num_threads(threads)
    native.use_instruction_set(instructions)
    limit_threads(0)


@pytest.mark.parametrize("instructions", native.instruction_sets() if available() else [])
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize(
    "variant", [("gru", "split"), ("gru", "sum"), ("rnn", "none"), ("lstm", "split")]
)
def test_any_number_of_threads_gives_the_same_forward_bytes(variant, ragged, instructions):
    native.use_instruction_set(instructions)
    case = make_case(variant, SIZES, ragged=ragged)
    torch.set_num_threads(1)
    alone = run(case, native=True)
    for threads in (2, 3, 7):
        torch.set_num_threads(threads)
        together = run(case, native=True)
        for name in {"output", "final", "final c", "x", "h", "c"} & alone.keys():
            assert torch.equal(alone[name], together[name]), (threads, name)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_number_of_threads_gives_the_same_gradient_bytes(variant):
    case = make_case(variant, SIZES)
    torch.set_num_threads(3)
    first, second = run(case, native=True), run(case, native=True)
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("most", [1, 2, 3, 5])
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_limit_on_threads_changes_no_byte_though_one_thread_rounds_otherwise(variant, most):
    case = make_case(variant, SIZES)
    torch.set_num_threads(1)
    alone = run(case, native=True)
    torch.set_num_threads(4)
    expected = run(case, native=True)
    limit_threads(most)
    limited = run(case, native=True)
    assert all(torch.equal(limited[name], expected[name]) for name in expected)
    assert not torch.equal(alone["weight_hh"], expected["weight_hh"])


@pytest.mark.parametrize("variant", [("gru", "split"), ("lstm", "split")])
def test_a_row_s_outputs_do_not_depend_on_its_neighbours(variant):
    case = make_case(variant, SIZES)
    weights = LayerWeights(**case.parameters)
    whole, _ = run_layer_native(case.rule, weights, case.x_TBC, case.state)
    for row in (0, 7, 18):
        one = slice(row, row + 1)
        state = tuple(part[one] for part in case.state)
        alone, _ = run_layer_native(case.rule, weights, case.x_TBC[:, one], state)
        assert torch.equal(alone, whole[:, one])


@pytest.mark.parametrize("variant", VARIANTS)
def test_all_instruction_sets_agree(variant):
    case = make_case(variant, (5, 6, 7, 21))
    results = []
    for instructions in native.instruction_sets():
        native.use_instruction_set(instructions)
        results.append(run(case, native=True))
    for other in results[1:]:
        for name, value in results[0].items():
            torch.testing.assert_close(other[name], value, rtol=2e-4, atol=2e-5)


def test_an_unknown_instruction_set_is_refused():
    with pytest.raises(ValueError, match="abacus"):
        native.use_instruction_set("abacus")


TASKS = Path("/proc/self/task")


def _allowed() -> dict[str, str]:
    """The cores each thread of this process may run on."""
    lines = {task.name: (task / "status").read_text() for task in TASKS.iterdir()}
    return {
        thread: line.removeprefix("Cpus_allowed_list:").strip()
        for thread, status in lines.items()
        for line in status.splitlines()
        if line.startswith("Cpus_allowed_list:")
    }


@pytest.mark.skipif(not TASKS.is_dir(), reason="no list of threads here")
def test_a_thread_that_left_the_callers_core_may_run_on_it_again():
    torch.set_num_threads(3)
    case = make_case(("gru", "split"), SIZES)
    allowed, cores = _allowed()[str(os.getpid())], os.sched_getaffinity(0)
    try:
        for _ in range(20):
            for core in cores:
                os.sched_setaffinity(0, {core})
                native.expect_pass(1000, 1000, 1000, 3)
                run(case, native=True)
    finally:
        os.sched_setaffinity(0, cores)
    deadline = time.monotonic() + 20
    while (now := set(_allowed().values())) != {allowed} and time.monotonic() < deadline:
        native.expect_pass(1000, 1000, 1000, 3)
    assert now == {allowed}


@pytest.mark.parametrize("most", [0, 2])
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")
def test_a_forked_child_computes_the_same_with_threads_of_its_own(most):
    case = make_case(("gru", "split"), SIZES)
    torch.set_num_threads(3)
    limit_threads(most)
    expected = run(case, native=True)["output"]
    child = os.fork()
    if child == 0:
        torch.set_num_threads(3)  # a child begins with one
        with torch.inference_mode():
            weights = LayerWeights(**case.parameters)
            found, _ = run_layer_native(case.rule, weights, case.x_TBC, case.state)
        os._exit(0 if torch.equal(found, expected) and native.team() == "pool" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
