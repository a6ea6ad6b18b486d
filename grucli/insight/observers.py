"""What is written down of the recurrent weights while they are learned.

Both read weights and gradients of the same steps, from probes that they share.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from grucli.forms import Fields, Form, Listed, form_of, form_of_class
from grucli.insight.gate_updates import StepProbes, gate_updates
from grucli.insight.record import WeightRecorder
from grucli.insight.snapshots import take_snapshot
from grucli.nn import RecurrentModel
from grucli.results import Epoch, GateUpdate, Snapshot, Step, WeightRecord
from grucli.training.observers import Observer
from grucli.training.progress import Training

Write = Callable[[WeightRecord | Snapshot], None]


def weight_observers(model: RecurrentModel, cell: str, *, write: Write) -> tuple[Observer, ...]:
    """All that follows the weights of a model from what they are now; ``write`` gets the records.

    They change nothing that is learned and draw no random number.
    """
    recorder = WeightRecorder(model, cell)
    probes = StepProbes(recorder.groups)
    return GateUpdates(probes), WeightLog(recorder, probes, write)


class GateUpdates(Observer):
    """Adds to every epoch how its last step moved each matrix."""

    name = "gate_updates"

    def __init__(self, probes: StepProbes) -> None:
        self._probes = probes
        self._shown: tuple[GateUpdate, ...] = ()

    def before_step(self, training: Training) -> None:
        """Look at the weights before the last step of an epoch."""
        if training.ends_epoch:
            self._probes.take(training.step)

    def after_step(self, _training: Training, step: Step) -> None:
        """Compare the weights after it."""
        if step.step_in_epoch == step.steps_per_epoch:
            self._shown = gate_updates(self._probes.groups, self._probes.updates())

    def epoch(self, _training: Training, epoch: Epoch) -> Epoch:
        """The epoch with its gates."""
        return replace(epoch, gates=self._shown)

    def state_dict(self) -> dict[str, Any]:
        """What a run that stopped between the last step and the epoch's end has still to show."""
        return {"shown": [asdict(gate) for gate in self._shown]}

    def state_form(self) -> Form:
        """A list of such updates."""
        return Fields({"shown": Listed(form_of_class(GateUpdate))})

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state of ``state_dict``."""
        self._shown = tuple(GateUpdate(**gate) for gate in state["shown"])


class WeightLog(Observer):
    """Writes a record of the weights at the start, at the steps that the recorder wants and at the
    end, and snapshots of the matrices among them; the best weights come last.
    """

    name = "weights"

    def __init__(self, recorder: WeightRecorder, probes: StepProbes, write: Write) -> None:
        self._recorder, self._probes, self._write = recorder, probes, write
        self._is_wanted = False

    def begin(self, training: Training) -> None:
        """Write the initialisation down, at the start of a run."""
        if training.step == 0:
            self._write(self._recorder.begin())
            self._write_snapshots(step=0, epoch=0)

    def before_step(self, training: Training) -> None:
        """Look at the weights before a step that is to be recorded."""
        self._is_wanted = self._recorder.wants(
            training.step + 1,
            ended_epoch=training.epoch if training.ends_epoch else None,
            steps_per_epoch=training.steps_per_epoch,
        )
        if self._is_wanted:
            self._probes.take(training.step)

    def after_step(self, training: Training, step: Step) -> None:
        """Write down what it did to the weights."""
        if self._is_wanted:
            record = self._recorder.record(
                self._probes.updates(),
                step=step.step,
                epoch=step.epoch,
                loss=step.loss,
                lr=step.lr,
                clipped=training.totals.clipped_share,
            )
            self._write(record)
            self._write_snapshots(step=step.step, epoch=step.epoch)

    def end(self, training: Training) -> None:
        """Write down the weights that training ended with, and the best ones themselves."""
        epochs, steps = training.epoch - 1, training.steps_per_epoch
        if not self._recorder.wants(training.step, ended_epoch=epochs, steps_per_epoch=steps):
            self._write(self._recorder.end(step=training.step, epoch=epochs))
        best = training.best
        self._write(
            take_snapshot(
                best.weights,
                cell=self._recorder.cell,
                step=best.epoch * steps,
                epoch=best.epoch,
                is_best=True,
            )
        )

    def _write_snapshots(self, *, step: int, epoch: int) -> None:
        for snapshot in self._recorder.snapshots(step=step, epoch=epoch):
            self._write(snapshot)

    def state_dict(self) -> dict[str, Any]:
        """What later records are compared with."""
        return self._recorder.state_dict()

    def state_form(self) -> Form:
        """As of this model."""
        return form_of(self.state_dict())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state of ``state_dict``."""
        self._recorder.load_state_dict(state)
