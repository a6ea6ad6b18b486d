"""What watches the training loop from outside: recorders, savers, trackers, whatever comes.

The loop calls every observer in order, at five moments; none of them changes what is learned.
"""

from collections.abc import Mapping
from typing import Any

from grucli.computing import need_torch
from grucli.forms import Form, Whatever
from grucli.results import Epoch, Step

need_torch()  # whoever writes an observer is told, as whoever trains is
from grucli.training.progress import Training  # noqa: E402


class Observer:
    """Hooks that do nothing; subclass it and override those that are wanted.

    ``name`` is the key of its state in the saved state of training, so that a resumed run goes on
    with it: plain numbers, strings, lists, mappings and tensors.
    """

    name = "observer"

    def begin(self, training: Training) -> None:
        """Before the first step of this process; ``training.step`` is above 0 after a resume."""

    def before_step(self, training: Training) -> None:
        """Every parameter has its gradient, which is finite and not clipped yet."""

    def after_step(self, training: Training, step: Step) -> None:
        """The optimiser step has been made and counted."""

    def epoch(self, _training: Training, epoch: Epoch) -> Epoch:
        """The epoch is validated and closed; returns it, with what this observer adds to it."""
        return epoch

    def end(self, training: Training) -> None:
        """All epochs are done or the patience is used up; not called where a run stops before."""

    def state_dict(self) -> Mapping[str, Any]:
        """What a resumed run needs to watch on as if nothing had happened."""
        return {}

    def state_form(self) -> Form:
        """What a saved state has to be, which is seen to before it is loaded."""
        return Whatever()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state of ``state_dict``."""


class Observers(list[Observer]):
    """Observers in the order in which they are called; each sees what those before it added."""

    def begin(self, training: Training) -> None:
        """Begin all. Raises ValueError for two of one name: a state would be lost."""
        names = [observer.name for observer in self]
        if len(set(names)) < len(names):
            raise ValueError(f"observers: {', '.join(names)}; expected a name of its own for each")
        for observer in self:
            observer.begin(training)

    def before_step(self, training: Training) -> None:
        """Show all a gradient."""
        for observer in self:
            observer.before_step(training)

    def after_step(self, training: Training, step: Step) -> None:
        """Show all a step that was made."""
        for observer in self:
            observer.after_step(training, step)

    def epoch(self, training: Training, epoch: Epoch) -> Epoch:
        """Hand an epoch on from one to the next."""
        for observer in self:
            epoch = observer.epoch(training, epoch)
        return epoch

    def end(self, training: Training) -> None:
        """End all."""
        for observer in self:
            observer.end(training)

    def state_dict(self) -> dict[str, Any]:
        """The state of each under its name."""
        return {observer.name: observer.state_dict() for observer in self}

    def load_state_dict(self, states: Mapping[str, Any]) -> None:
        """Give each its state; one that was not there when it was saved begins where it joins."""
        for observer in self:
            if observer.name in states:
                observer.load_state_dict(states[observer.name])
