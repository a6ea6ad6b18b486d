"""How parameters that are no layer's weights are drawn."""

from grucli.tensors import Tensor, torch


@torch.no_grad()
def draw_normal(values: Tensor) -> None:
    """Fill a tensor from N(0, 1), if it has storage.

    On the meta device there is nothing to fill, and torch loads its compiler to find that out.
    """
    if values.device.type != "meta":
        values.normal_()
