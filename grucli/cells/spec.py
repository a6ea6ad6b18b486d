"""What a recurrent cell is, as one value that the rest of the house asks.

Nothing here computes: the equations stand in ``grucli.nn.cells``, in a file for each cell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from grucli.cells.activations import TANH, Activation
from grucli.cells.foreign import KerasForm, OnnxForm
from grucli.cells.side import INPUT, STATE, Side


@dataclass(frozen=True)
class Gate:
    """One gate: its name in words, its letter in symbols such as W_hz, what its value means.

    ``reset_by`` is the letter of the gate that scales the state's share of it, empty for none.
    ``other_letters`` are those that other texts have for it.
    """

    name: str
    letter: str
    activation: Activation
    note: str
    reset_by: str = ""
    other_letters: tuple[str, ...] = ()


STATE_VECTORS = ("gain_state", "bias_state")
"""Vectors of a part of the state, [H]; all others are stacked by gate."""


@dataclass(frozen=True)
class NextState:
    """How the next state follows from the gates: heading, meaning, and (symbol, formula) lines.

    Of a mean and a standard deviation, mean_c and std_c, the formula says in words what they are
    taken of.
    """

    title: str
    note: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class LayerNorm:
    """One way to normalise inside a cell.

    ``groups`` are the gates that share one mean and one variance, in the order of the gates; none
    where nothing is normalised. Each side (x W and h U) is normalised so, or ``of_sum`` the sum of
    both. ``eps`` is the default, ``first_biases`` maps gates to first values other than 0.
    With ``resets_sum`` a gate's ``reset_by`` scales its whole normalised sum. ``state`` is the
    letter of the part of the state that has a normalisation of its own, empty for none, and with
    ``carries`` goes on to the next step as that leaves it; ``next_state`` then takes the place of
    the cell's own.
    """

    name: str
    groups: tuple[tuple[str, ...], ...] = ()
    of_sum: bool = False
    eps: float = 1e-5
    first_biases: Mapping[str, float] = field(default_factory=dict)
    resets_sum: bool = False
    state: str = ""
    carries: bool = False
    next_state: NextState | None = None

    def vectors(self, *, bias: bool, norm_bias: bool = False) -> tuple[str, ...]:
        """The vectors beside the two weights; a cell has those of its sides."""
        if self.of_sum:
            outside = ["gain_sum", *["bias_sum"] * bias]
        else:
            outside = ["bias_ih", "bias_hh"] * bias + ["gain_ih", "gain_hh"] * bool(self.groups)
        inside = ["norm_bias_ih", "norm_bias_hh"] * norm_bias
        gain, shift = STATE_VECTORS
        return (*outside, *inside, *[gain] * bool(self.state), *[shift] * bool(self.state and bias))

    def first_bias(self, kind: str, gate: str) -> float:
        """What a vector of this kind, no gain, begins with beside a normalisation."""
        return self.first_biases.get(gate, 0.0) if kind.startswith("bias") else 0.0


@dataclass(frozen=True)
class CellSpec:
    """A recurrent cell.

    ``gates`` stand in the order in which torch stacks their rows. ``state`` has the letters of the
    state's parts, h first, ``state_names`` their words; ``next_state`` is None where a gate of this
    letter is the state. A part that is normalised on its own is the last one.
    ``sides`` are what its gates read: of INPUT alone there is no hidden-to-hidden matrix.
    ``keeps`` names the gate whose size says how much of the old state stays, empty for none, and
    ``chrono`` the sign of ln u in the bias of each gate that chrono initialisation sets.
    ``convention`` has the letters here and in other texts in words. ``keras`` and ``onnx`` are None
    where these have no such cell. ``activation`` stands in the gates that can have any of
    ``activations``. ``foreign_gates`` says of words for gates that this cell has not what is
    meant here.
    """

    name: str
    gates: tuple[Gate, ...]
    state: tuple[str, ...]
    state_names: tuple[str, ...]
    next_state: NextState | None
    layer_norms: tuple[LayerNorm, ...]
    convention: str
    sides: tuple[Side, ...] = (INPUT, STATE)
    keras: KerasForm | None = None
    onnx: OnnxForm | None = None
    keeps: str = ""
    chrono: Mapping[str, float] = field(default_factory=dict)
    activation: Activation = TANH
    activations: tuple[Activation, ...] = (TANH,)
    foreign_gates: Mapping[str, str] = field(default_factory=dict)

    def activated(self, name: str | None) -> "CellSpec":
        """The cell with another of its ``activations``; None leaves it as it is.

        Raises ValueError where it has none of this name.
        """
        if name is None:
            return self
        known = {activation.name: activation for activation in self.activations}
        if name not in known:
            choices = ", ".join(known)
            raise ValueError(
                f"activation: {name!r} does not exist for {self.name}; expected {choices}"
            )
        chosen = known[name]
        gates = tuple(
            replace(gate, activation=chosen) if gate.activation == self.activation else gate
            for gate in self.gates
        )
        return replace(self, gates=gates, activation=chosen)

    @property
    def gate_names(self) -> tuple[str, ...]:
        """The gates in words, in their order."""
        return tuple(gate.name for gate in self.gates)

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters of the gates, in their order."""
        return tuple(gate.letter for gate in self.gates)

    @property
    def gate_words(self) -> dict[str, str]:
        """Everything that a gate is called -> its name: letters here, names, other texts' letters.

        Those of Keras and ONNX are among them; a letter of this house goes before another's.
        """
        words = {gate.letter: gate.name for gate in self.gates}
        words |= {gate.name: gate.name for gate in self.gates}
        others = {letter: gate.name for gate in self.gates for letter in gate.other_letters}
        if self.keras is not None:
            others |= {letter: name for name, letter in self.keras.letters.items()}
        return others | words

    @property
    def norm_names(self) -> tuple[str, ...]:
        """The layer normalisations that exist for this cell, ``none`` first."""
        return tuple(norm.name for norm in self.layer_norms)

    def layer_norm(self, name: str) -> LayerNorm:
        """A layer normalisation by its name. Raises ValueError where the cell has none such."""
        for norm in self.layer_norms:
            if norm.name == name:
                return norm
        known = ", ".join(self.norm_names)
        if not isinstance(name, str):
            raise ValueError(
                f"layer_norm: {name!r} does not say which; expected a name, for {self.name} {known}"
            )
        raise ValueError(f"layer_norm: {name!r} does not exist for {self.name}; expected {known}")

    def blocks(self, kind: str) -> dict[str, str]:
        """The blocks of H rows in a parameter of this kind, in their order: word -> letter."""
        if kind in STATE_VECTORS:
            return {self.state_names[-1]: self.state[-1]}
        return dict(zip(self.gate_names, self.letters, strict=True))

    @property
    def weights(self) -> tuple[str, ...]:
        """The kinds of its weight matrices."""
        return tuple(side.weight for side in self.sides)

    def parameters(
        self, norm: LayerNorm, *, bias: bool, norm_bias: bool = False
    ) -> tuple[str, ...]:
        """The kinds of a layer's parameters, in the order in which they are registered.

        ``norm_bias`` gives each product a bias of its own, inside the normalisation.
        """
        lacking = tuple(f"_{s.name}" for s in (INPUT, STATE) if s not in self.sides)
        vectors = norm.vectors(bias=bias, norm_bias=norm_bias)
        return (*self.weights, *(kind for kind in vectors if not kind.endswith(lacking)))

    def norms_with(self, kinds: Mapping[str, object] | set[str]) -> tuple[LayerNorm, ...]:
        """The layer normalisations whose gains are those among ``kinds`` of parameters."""
        gains = {kind for kind in kinds if kind.startswith("gain")}
        return tuple(
            norm
            for norm in self.layer_norms
            if {kind for kind in self.parameters(norm, bias=False) if "gain" in kind} == gains
        )

    @property
    def shown_states(self) -> tuple[int, ...]:
        """The parts of the state that no gate is itself."""
        return tuple(at for at, part in enumerate(self.state) if part not in self.letters)
