"""On a CUDA device: layers compute what they compute on a CPU, and runs of every kind train there.

`pytest -m cuda` where there is one; everything else in these tests runs without.
"""

import math
import subprocess
import sys

import pytest
import torch
import yaml
from torch import distributed
from torch.nn.utils import rnn

from grucli import evaluate, predict, train
from grucli.errors import InterruptedRunError
from grucli.nn import GRU, MODULES, Forecaster, available
from grucli.runs.device import repeatable
from grucli.training import replay
from grucli.training.ranks import TogetherRanks
from tests.conftest import RECIPE, REPOSITORY, write_wave
from tests.kernel_cases import VARIANTS
from tests.test_runs_training import stopping_after, weights_of

pytestmark = pytest.mark.cuda

DEVICE = "cuda"
SEGMENTS = {"decoder": "segment", "segment": 7, "skip": "linear", "channels": "independent"}
KINDS = {
    "direct": {},
    "recursive": {"model": {"decoder": "recursive"}, "train": {"teacher_forcing": 1.0}},
    "segment": {"model": SEGMENTS},
    "profile": {"data": {"calendar": ["weekday"]}, "model": {"harmonics": {"weekday": 3}}},
    "lstm": {"model": {"cell": "lstm", "layer_norm": "ba2016"}},
    "rnn": {"model": {"cell": "rnn", "layer_norm": "sum", "activation": "relu"}},
    "both ways": {"model": {"bidirectional": True}},
    "averaged": {"train": {"average": "ema", "schedule": {"kind": "cosine"}}},
    "cut": {"train": {"tbptt_steps": 5}},
    "recomputed": {"train": {"recompute_steps": 4}},
    "quantiles": {"task": {"output": {"quantiles": [0.1, 0.5, 0.9]}}},
    "student_t": {"task": {"output": "student_t"}},
    "window units": {"task": {"normalise": "mean_std"}, "train": {"loss_units": "window"}},
    "seeds": {"train": {"seeds": 2}},
    "refit": {"train": {"refit": True}},
}
"""What recipes have beside what the wave's has."""

CLASSES = """\
name: classes
data: {path: classes.csv, time: t, series: id, past: [x]}
task: {kind: classify, label: kind}
model: {hidden: 8, layer_norm: split, pooling: [mean, max]}
train: {epochs: 2, batch_size: 4}
"""


def wave_in(folder, sections=None):
    """The wave's recipe with more keys, its table beside it."""
    write_wave(folder / "wave.csv")
    told = yaml.safe_load(RECIPE)
    for section, keys in (sections or {}).items():
        told[section] |= keys
    (folder / "wave.yaml").write_text(yaml.safe_dump(told))
    return folder / "wave.yaml"


def grucli_in(folder, *words):
    """The command line in a process of its own, which ends well."""
    command = [sys.executable, "-m", "grucli", *map(str, words)]
    out = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=200
    )
    assert out.returncode == 0, out.stderr
    return out.stdout


def layers_of(cell, norm, activation, **settings):
    """One layer twice: in float64 on the CPU, in float32 on the device."""
    more = {"nonlinearity": activation} if cell == "rnn" else {}
    here = MODULES[cell](5, 8, num_layers=2, layer_norm=norm, **more, **settings).double()
    there = MODULES[cell](5, 8, num_layers=2, layer_norm=norm, **more, **settings, device=DEVICE)
    there.load_state_dict(here.state_dict())
    return here, there


@pytest.mark.parametrize("recompute_steps", [None, 3])
@pytest.mark.parametrize("variant", VARIANTS, ids="-".join)
def test_a_layer_has_the_outputs_and_gradients_that_it_has_on_a_cpu(variant, recompute_steps):
    torch.manual_seed(3)
    here, there = layers_of(*variant, recompute_steps=recompute_steps)
    x_here = torch.randn(11, 4, 5, dtype=torch.float64, requires_grad=True)
    x_there = x_here.detach().float().to(DEVICE).requires_grad_()
    found = []
    for layer, x_TBC in ((here, x_here), (there, x_there)):
        with repeatable(DEVICE):
            output_TBH, _ = layer(x_TBC)
            output_TBH.square().mean().backward()
        found.append([output_TBH, x_TBC.grad, *(p.grad for p in layer.parameters())])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(other.cpu().double(), one, atol=2e-5, rtol=1e-3)


def test_a_layer_goes_row_by_row_reads_packed_sequences_and_follows_autocast():
    torch.manual_seed(0)
    _, there = layers_of("gru", "split", "tanh")
    x_TBC = torch.randn(6, 3, 5, device=DEVICE)
    whole_TBH, _ = there(x_TBC)
    state = None
    for x_BC in x_TBC:
        h_BH, state = there.step(x_BC, state)
    torch.testing.assert_close(h_BH, whole_TBH[-1], atol=1e-5, rtol=1e-4)
    packed = rnn.pack_padded_sequence(x_TBC, torch.tensor([6, 4, 1]))
    padded_TBH, _ = rnn.pad_packed_sequence(there(packed)[0])
    torch.testing.assert_close(padded_TBH[:4, 1], whole_TBH[:4, 1], atol=1e-5, rtol=1e-4)
    assert padded_TBH[4:, 1].eq(0).all()
    with torch.autocast(DEVICE, dtype=torch.bfloat16):
        rough_TBH, _ = there(x_TBC)
    torch.testing.assert_close(rough_TBH.float(), whole_TBH, atol=5e-2, rtol=5e-2)


def test_dropout_is_drawn_again_where_states_are_computed_again():
    torch.manual_seed(3)
    wide = {"device": DEVICE, "dtype": torch.float64}
    layer = GRU(5, 8, num_layers=2, dropout=0.5, recompute_steps=4, **wide)
    x_TBC = torch.randn(11, 4, 5, **wide)

    def loss():
        torch.manual_seed(1)
        return layer(x_TBC)[0].square().sum()

    loss().backward()
    weight, slope, step = layer.weight_hh_l0, layer.weight_hh_l0.grad[2, 3].item(), 1e-5
    ends = []
    for move in (step, -2 * step):
        weight.data[2, 3] += move
        ends.append(loss().item())
    assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(slope, rel=1e-4)


def test_a_forecaster_says_what_it_says_on_a_cpu():
    torch.manual_seed(0)
    model = Forecaster(
        target_size=2,
        future_size=2,
        harmonics={0: 3},
        context=9,
        horizon=4,
        skip="linear",
        normalise="last",
        layer_norm="split",
    ).eval()
    context_BTC, future_BKF = torch.randn(5, 9, 4), torch.randn(5, 4, 2)
    with torch.no_grad():
        expected_BKC = model(context_BTC, future_BKF)
        found_BKC = model.to(DEVICE)(context_BTC.to(DEVICE), future_BKF.to(DEVICE))
    torch.testing.assert_close(found_BKC.cpu(), expected_BKC, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("error")
def test_a_run_there_learns_what_one_on_a_cpu_does_and_predicts_without(tmp_path, kind):
    recipe, alike = wave_in(tmp_path, KINDS[kind]), ["model.dropout=0", "train.optimizer=sgd"]
    here = train(recipe, alike, run_dir=tmp_path / "here", device="cpu")
    there = train(recipe, alike, run_dir=tmp_path / "there", device=DEVICE)
    assert there.best_valid_loss == pytest.approx(here.best_valid_loss, rel=1e-3)
    assert evaluate(there.best_path).model.mse == pytest.approx(there.scores.model.mse, rel=1e-4)
    assert all(map(math.isfinite, predict(there.best_path).values["level"]))


@pytest.mark.parametrize(
    ("changes", "kernel"),
    [
        ({"layer_norm": "split"}, "triton"),
        ({"layer_norm": "none"}, "cudnn"),
    ],
)
def test_a_check_says_what_it_is_computed_with(tmp_path, changes, kernel):
    wave_in(tmp_path, {"model": changes})
    assert f"kernel {kernel}" in grucli_in(tmp_path, "check", "wave.yaml", "--device", DEVICE)


@pytest.mark.parametrize("recipe", ["walks_label", "walks_regress", "sunspots", "co2_quantiles"])
def test_shipped_recipes_train_there(tmp_path, recipe):
    path = REPOSITORY / "recipes" / f"{recipe}.yaml"
    there = train(path, ["train.epochs=1"], run_dir=tmp_path / "run", device=DEVICE)
    assert math.isfinite(there.best_valid_loss)


def test_a_classifier_trains_there(tmp_path):
    rows = [
        f"{series},{step},{step % 3 + series % 2 * 5},{'ab'[series % 2]}"
        for series in range(40)
        for step in range(5 + series % 4)
    ]
    (tmp_path / "classes.csv").write_text("\n".join(["id,t,x,kind", *rows]) + "\n")
    (tmp_path / "classes.yaml").write_text(CLASSES)
    there = train(tmp_path / "classes.yaml", run_dir=tmp_path / "run", device=DEVICE)
    assert math.isfinite(there.best_valid_loss)


def test_a_run_there_has_the_same_bytes_again_and_after_a_stop(tmp_path):
    recipe = wave_in(tmp_path)
    for name in ("a", "b"):
        train(recipe, run_dir=tmp_path / name, device=DEVICE)
    with pytest.raises(InterruptedRunError):
        train(recipe, run_dir=tmp_path / "parts", device=DEVICE, stop=stopping_after(7))
    train(recipe, run_dir=tmp_path / "parts", device=DEVICE, resume=True)
    whole = weights_of(tmp_path / "a" / "best.pt")
    assert weights_of(tmp_path / "b" / "best.pt") == whole
    assert weights_of(tmp_path / "parts" / "best.pt") == whole


def test_a_run_that_was_stopped_there_goes_on_on_a_cpu(tmp_path):
    recipe = wave_in(tmp_path)
    with pytest.raises(InterruptedRunError):
        train(recipe, run_dir=tmp_path / "run", device=DEVICE, stop=stopping_after(7))
    assert train(recipe, run_dir=tmp_path / "run", device="cpu", resume=True).epochs == 3


@pytest.mark.parametrize("words", [["check", "wave.yaml"], ["tune", "wave.yaml", "--lr"]])
def test_verbs_take_the_device(tmp_path, words):
    wave_in(tmp_path)
    grucli_in(tmp_path, *words, "--device", DEVICE)


def test_sums_go_over_nccl(tmp_path):
    recipe = wave_in(tmp_path)
    alone = train(recipe, run_dir=tmp_path / "alone", device=DEVICE)
    distributed.init_process_group(
        "nccl",
        store=distributed.HashStore(),
        rank=0,
        world_size=1,
        device_id=torch.device("cuda:0"),
    )
    try:
        ranks = TogetherRanks()
        summed = train(recipe, run_dir=tmp_path / "summed", device=DEVICE, ranks=ranks)
    finally:
        distributed.destroy_process_group()
    assert summed.best_valid_loss == pytest.approx(alone.best_valid_loss, rel=1e-4)


def test_more_processes_than_devices_train_on_the_cpu(tmp_path):
    wave_in(tmp_path)
    count = torch.cuda.device_count() + 1
    words = ["train", "wave.yaml", "--quiet", "--processes", count]
    grucli_in(tmp_path, *words)
    with pytest.raises(AssertionError, match=f"for {count} processes; expected one for each"):
        grucli_in(tmp_path, *words, "--overwrite", "--device", DEVICE)


def test_a_batch_is_replayed_to_the_byte(tmp_path, monkeypatch):
    """Dropout too, and the last batch of an epoch, which is smaller."""
    recipe = wave_in(tmp_path)
    found = []
    for seen in (replay.SEEN, 10**9):
        monkeypatch.setattr(replay, "SEEN", seen)
        train(recipe, run_dir=tmp_path / str(seen), device=DEVICE)
        found.append(weights_of(tmp_path / str(seen) / "best.pt"))
    assert found[0] == found[1]


@pytest.mark.skipif(not available(), reason="installed without a compiler")
def test_bfloat16_products_are_refused_there(tmp_path):
    wave_in(tmp_path)
    with pytest.raises(AssertionError, match=r"the device is cuda; use --device cpu"):
        grucli_in(tmp_path, "train", "wave.yaml", "--set", "model.precision=bfloat16")
