"""All parameters of a model as one vector, so that one call does for all what one does for each."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class FlatParameters:
    """The trainable parameters of a model side by side, and their gradient.

    ``values`` and ``gradient`` are vectors over all entries; every parameter and its ``grad``
    become views of them. A model that is moved or cast afterwards leaves them behind.
    """

    def __init__(self, model: nn.Module) -> None:
        """Take the parameters over; they keep their values, the gradient is zero.

        Raises ValueError for a model without any, such as a frozen one.
        """
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        if not self.parameters:
            raise ValueError(
                f"{type(model).__name__}: no parameter is trainable; expected at least one; call "
                "requires_grad_() on what is to be learned"
            )
        self.values = torch.cat([p.detach().flatten() for p in self.parameters])
        self.gradient = torch.zeros_like(self.values)
        sizes = [p.numel() for p in self.parameters]
        parts = zip(self.parameters, torch.split(self.values, sizes), strict=True)
        gradients = zip(self.parameters, torch.split(self.gradient, sizes), strict=True)
        self._gradients = [part.view_as(parameter) for parameter, part in gradients]
        for (parameter, part), gradient in zip(parts, self._gradients, strict=True):
            parameter.data = part.view_as(parameter)
            parameter.grad = gradient
        self._frozen: Tensor | None = None

    def freeze(self, parts: Sequence[Tensor]) -> None:
        """Have parts of the parameters, each a run of ``values``, take no gradient from now on."""
        runs = [(int(part.storage_offset()), part.numel()) for part in parts]
        places = [torch.arange(start, start + size) for start, size in runs]
        self._frozen = torch.cat(places).to(self.values.device)

    @contextmanager
    def frozen_kept(self) -> Iterator[None]:
        """A block after which frozen parts are what they were, whatever decays or moves in it."""
        if self._frozen is None:
            yield
            return
        kept = self.values.index_select(0, self._frozen)
        yield
        self.values.index_copy_(0, self._frozen, kept)

    def backpropagate(self, loss: Tensor) -> None:
        """Replace the gradient by that of ``loss``, which every parameter must have a part in."""
        torch._foreach_copy_(self._gradients, torch.autograd.grad(loss, self.parameters))
        if self._frozen is not None:
            self.gradient.index_fill_(0, self._frozen, 0)

    def gradient_norm(self) -> Tensor:
        """Euclidean norm of the gradient of all parameters together, a scalar."""
        norm: Tensor = torch.linalg.vector_norm(self.gradient)
        return norm

    def clip(self, norm: float, limit: float) -> None:
        """Shorten a gradient of the given norm to ``limit`` (Pascanu, Mikolov & Bengio 2013)."""
        if norm > limit:
            self.gradient.mul_(limit / norm)
