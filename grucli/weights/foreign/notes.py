"""What has to be known of weights that are not, or not surely, those of a cell of ours."""

import re
from collections.abc import Iterator, Sequence

from grucli.cells import CELLS
from grucli.text import printable, some
from grucli.weights.foreign.states import Tensors
from grucli.weights.stacks import RecurrentModule

_SHOWN = 4
_OF_NORMALISATIONS = re.compile(r"norm|gamma|beta|gain|scale|(?:^|[._])[lb]n", re.IGNORECASE)


def normalisations_beside(module: RecurrentModule, tensors: Tensors) -> list[str]:
    """Names of vectors below a module's own prefix that look like gains or biases of its gates.

    A cell of one's own often keeps ``weight_ih`` and ``weight_hh`` as torch's does and has such
    vectors beside them. What is normalised, names and shapes do not tell; that it is, they do.
    """
    if module.norm is None or module.norm.groups:
        return []
    own = {module.prefix + name for name in module.tensors}
    return [
        name
        for name, values in tensors.items()
        if name.startswith(module.prefix)
        and name not in own
        and _OF_NORMALISATIONS.search(name.removeprefix(module.prefix))
        and _has_units(module, values.shape)
    ]


def _has_units(module: RecurrentModule, shape: tuple[int, ...]) -> bool:
    """Whether a vector, or each of two, has an entry for each unit of one or more gates."""
    if len(shape) not in (1, 2) or not shape[-1] or (len(shape) == 2 and shape[0] > 2):
        return False
    gates, rest = divmod(shape[-1], module.hidden)
    return not rest and 0 < gates <= len(module.spec.gates)


def on_normalisations(prefix: str, names: Sequence[str], layouts: Sequence[str]) -> Iterator[str]:
    """What has to be known of a module beside which there are ``names`` of normalisations."""
    if names:
        fitting = f"{' or '.join(layouts)} fits; " if layouts else ""
        yield (
            f"Something in {_words(prefix)} is normalised, in a form that is not known: "
            f"{some([printable(name) for name in names], _SHOWN)} beside its weights. Norms and "
            "radii are those of the raw matrices, and nothing is judged of radius and memory. Name "
            f"the form with --layout ({fitting}torch where these belong to something else)."
        )


def on_projections(module: RecurrentModule, tensors: Tensors) -> Iterator[str]:
    """What an LSTM with projections is, of which there is none here."""
    names = [name for name in tensors if name.startswith(f"{module.prefix}weight_hr_l")]
    if names:
        yield (
            f"The state of {_words(module.prefix)} is projected, h = W_hr (o * tanh(c)), from "
            f"{module.hidden} units to {module.tensors['weight_hh_l0'].shape[1]}: another cell "
            f"than the one named here. {some([printable(name) for name in names], _SHOWN)} is "
            "among the other tensors, and a W_h reads the projected state: it has no radius."
        )


def on_gains(module: RecurrentModule) -> Iterator[str]:
    """What the gains of a module do not say of its layer normalisation."""
    fitting = module.layer_norm.split(" or ")
    if len(fitting) > 1:
        acting = "what acts is left out" if module.norm is None else "no number here depends on it"
        yield (
            f"The gains of {_words(module.prefix)} are those of layer_norm {module.layer_norm}. "
            f"The file does not say which it was: {acting}. Name it with --layout "
            f"{' or '.join(fitting)}, and an eps other than its own as in {fitting[-1]},eps=1e-3."
        )


def on_activations(modules: Sequence[RecurrentModule]) -> Iterator[str]:
    """What tensors do not say of a cell, and a recipe would."""
    for cell in dict.fromkeys(module.cell for module in modules):
        choices = " or ".join(choice.name for choice in CELLS[cell].activations)
        if len(CELLS[cell].activations) > 1:
            yield (
                f"The tensors of a {cell} are the same with {choices}, and the file does not say "
                "which it was: no number here depends on it."
            )


def _words(prefix: str) -> str:
    return printable(prefix.rstrip(".")) or "the stack"
