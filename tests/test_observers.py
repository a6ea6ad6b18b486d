"""The training loop and what watches it: observers see everything and change nothing."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from grucli import train
from grucli.checkpoint import load_checkpoint
from grucli.cli.app import run as run_command
from grucli.errors import InterruptedRunError
from grucli.insight.gate_updates import StepProbe
from grucli.recipe import load_recipe
from grucli.runs.folder import RunFolder
from grucli.runs.training_run import TrainingRun
from grucli.training import optimizers
from grucli.training.flat import FlatParameters
from grucli.training.loop import Validating, fit
from grucli.training.observers import Observer, Observers
from grucli.training.progress import Training
from grucli.training.schedules import LearningRate
from tests.test_runs_training import metrics_of, stopping_after, weights_of

PACKAGE = Path(sys.modules["grucli"].__file__).parent


class Losses(Observer):
    name = "losses"

    def __init__(self):
        self.seen = []

    def after_step(self, training, step):
        self.seen.append(step.loss)

    def state_dict(self):
        return {"seen": self.seen}

    def load_state_dict(self, state):
        self.seen = list(state["seen"])


class Calls(Observer):
    """Writes down which hook was called at which step."""

    name = "calls"

    def __init__(self):
        self.seen = []

    def begin(self, training):
        self.seen.append(("begin", training.step))

    def before_step(self, training):
        self.seen.append(("before_step", training.step))

    def after_step(self, training, step):
        assert step.step == training.step
        self.seen.append(("after_step", step.step))

    def epoch(self, training, epoch):
        self.seen.append(("epoch", epoch.epoch))
        return epoch

    def end(self, training):
        self.seen.append(("end", training.step))


class Line:
    """The objective of a line through points: the loop needs no recipe's data to learn."""

    def __init__(self, model):
        self.model, self.x = model, torch.linspace(-1, 1, 10).unsqueeze(1)

    def gather(self, samples):
        return (self.x[samples],)

    def loss(self, batch, *, epoch):
        (x,) = batch
        return (self.model(x) - 2 * x).square().mean(), float(len(x))

    def validation(self, *, part, parts):
        for x in torch.split(self.x, 6)[part::parts]:
            yield float((self.model(x) - 2 * x).detach().square().mean()), float(len(x))


def line_training(folder, *overrides):
    recipe = load_recipe(
        str(folder / "wave.yaml"), ["train.batch_size=4", "train.epochs=2", *overrides]
    ).train
    torch.manual_seed(0)
    model = nn.Linear(1, 1)
    return Training(
        model=model,
        optimizer=optimizers.Adam(FlatParameters(model), lr=recipe.lr),
        schedule=LearningRate.of(recipe, samples=10),
        recipe=recipe,
        samples=10,
    )


def without_observers(folder, *overrides):
    """Train the wave with nothing but the loop."""
    (folder / "alone").mkdir()
    recipe = load_recipe(str(folder / "wave.yaml"), overrides)
    run = TrainingRun(recipe, RunFolder(folder / "alone"), "cpu")
    list(fit(run.training, run.objective, Observers()))
    return run.training


def test_the_loop_learns_without_any_observer_and_without_a_forecast(folder):
    training = line_training(folder, "train.epochs=200", "train.patience=null", "train.lr=0.05")
    events = list(fit(training, Line(training.model), Observers()))
    events = [event for event in events if not isinstance(event, Validating)]
    assert len(events) == 200 * (3 + 1)
    assert events[-1].valid_loss < 1e-3 < events[3].valid_loss


def test_observers_are_called_at_five_moments_in_order(folder):
    training, calls = line_training(folder), Calls()
    list(fit(training, Line(training.model), Observers([calls])))
    first, second = (
        [
            (hook, n + shift)
            for n in epoch
            for shift, hook in enumerate(("before_step", "after_step"))
        ]
        for epoch in (range(3), range(3, 6))
    )
    assert calls.seen == [
        ("begin", 0),
        *first,
        ("epoch", 1),
        *second,
        ("epoch", 2),
        ("end", 6),
    ]


def test_an_observer_sees_the_gradient_before_it_is_clipped(folder):
    class Norms(Observer):
        def before_step(self, training):
            norms.append(float(training.parameters.gradient_norm()))

    norms = []
    training = line_training(folder, "train.clip=1e-6")
    epoch = list(fit(training, Line(training.model), Observers([Norms()])))[4]
    assert sum(norms[:3]) / 3 == pytest.approx(epoch.gradient_norm)
    assert epoch.clipped_share == 1


def test_validation_batches_count_by_their_values(folder):
    training = line_training(folder, "train.epochs=1")
    epoch = list(fit(training, Line(training.model), Observers()))[-1]
    x = torch.linspace(-1, 1, 10).unsqueeze(1)
    error = (training.model(x) - 2 * x).detach()
    assert epoch.valid_loss == pytest.approx(float(error.square().mean()))


def test_two_observers_of_one_name_are_refused(folder):
    training = line_training(folder)
    with pytest.raises(ValueError, match="losses, losses; expected a name of its own for each"):
        next(fit(training, Line(training.model), Observers([Losses(), Losses()])))


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_training_with_and_without_observers_gives_the_same_bytes(folder, dropout):
    overrides = [f"model.dropout={dropout}"]
    alone = without_observers(folder, *overrides)
    random_state = torch.get_rng_state()
    losses = Losses()
    train(folder / "wave.yaml", overrides, run_dir=folder / "watched", observers=[losses])
    assert torch.equal(torch.get_rng_state(), random_state)
    assert len(losses.seen) == alone.step
    saved = weights_of(folder / "watched" / "last.pt")
    assert saved == {
        name: value.numpy().tobytes() for name, value in alone.model.state_dict().items()
    }
    state = load_checkpoint(folder / "watched" / "last.pt").training
    assert state["best"]["valid_loss"] == alone.best.valid_loss
    for name, memory in alone.optimizer.state_dict().items():
        assert (state["optimizer"][name] == memory.numpy()).all()


@pytest.mark.parametrize("steps", [1, 5, 6, 9])
def test_the_state_of_an_observer_survives_a_resume(folder, steps):
    whole, first, second = Losses(), Losses(), Losses()
    train(folder / "wave.yaml", run_dir=folder / "whole", observers=[whole])
    run = folder / "parts"
    with pytest.raises(InterruptedRunError):
        train(folder / "wave.yaml", run_dir=run, observers=[first], stop=stopping_after(steps))
    train(folder / "wave.yaml", run_dir=run, observers=[second], resume=True)
    assert len(first.seen) < len(whole.seen)
    assert second.seen == whole.seen
    assert metrics_of(run) == metrics_of(folder / "whole")


def test_an_observer_that_joins_a_resumed_run_begins_there_and_one_that_left_is_not_missed(folder):
    with pytest.raises(InterruptedRunError):
        train(
            folder / "wave.yaml",
            run_dir=folder / "run",
            observers=[Losses()],
            stop=stopping_after(4),
        )
    calls = Calls()
    train(folder / "wave.yaml", run_dir=folder / "run", observers=[calls], resume=True)
    assert calls.seen[:2] == [("begin", 4), ("before_step", 4)]


def test_an_epoch_goes_from_one_observer_to_the_next_and_into_the_files(folder):
    class Seen(Observer):
        name = "seen"

        def epoch(self, training, epoch):
            gates.append(epoch.gates)
            return epoch

    gates = []
    train(folder / "wave.yaml", run_dir=folder / "run", observers=[Seen()])
    assert [len(shown) for shown in gates] == [12, 12, 12]
    rows = metrics_of(folder / "run")[:3]
    assert [row["gates"][0]["gradient_norm"] for row in rows] == [
        shown[0].gradient_norm for shown in gates
    ]


def test_weights_are_probed_once_for_all_who_look_at_a_step(folder, monkeypatch):
    taken = []
    take = StepProbe.take
    monkeypatch.setattr(StepProbe, "take", lambda group: taken.append(group) or take(group))
    overrides = ["train.batch_size=1", "train.epochs=1"]
    last = train(folder / "wave.yaml", overrides, run_dir=folder / "run").steps
    powers = {1 << n for n in range(last.bit_length())}
    assert last not in powers  # it is looked at for the record and for the epoch
    square = [group for group in taken if group.hidden_to_hidden]
    assert len(square) == len(powers) + 1


def frames_of_ours():
    """Where the call stands, as files and functions of the package, the command first."""
    frame, found = sys._getframe(1), []
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(PACKAGE):
            found.append(f"{path.relative_to(PACKAGE).as_posix()}:{frame.f_code.co_name}")
        frame = frame.f_back
    found.reverse()
    return found[found.index("cli/verbs/train.py:train") :]


@pytest.mark.parametrize("kind", ["adam", "adamw", "rmsprop", "sgd"])
def test_six_frames_lead_from_the_command_to_the_weight_update(folder, monkeypatch, kind):
    stacks = []
    function = kind.removesuffix("w")
    update = getattr(optimizers, function)
    monkeypatch.setattr(
        optimizers,
        function,
        lambda *a, **k: stacks.append(frames_of_ours()) or update(*a, **k),
    )
    arguments = ["--set", "train.epochs=1", "--set", f"train.optimizer={kind}", "--quiet"]
    code = run_command(
        ["train", str(folder / "wave.yaml"), "--run-dir", str(folder / "run"), *arguments]
    )
    assert code == 0
    assert stacks == 5 * [
        [
            "cli/verbs/train.py:train",
            "runs/training.py:train",
            "runs/training.py:_learned",
            "training/loop.py:fit",
            "training/loop.py:_step",
            "training/optimizers.py:step",
        ]
    ]
