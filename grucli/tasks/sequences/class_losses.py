"""The loss of a classifier."""

from torch import Tensor
from torch.nn import functional


def class_weights(kind: str, counts: Tensor) -> Tensor | None:
    """What a sequence of each class counts [K]: None is 1; balanced gives classes equal sums."""
    if kind == "none":
        return None
    return counts.sum() / (len(counts) * counts)


def cross_entropy(
    logits_BK: Tensor, truth_B: Tensor, *, weights_K: Tensor | None, smoothing: float
) -> tuple[Tensor, Tensor | float]:
    """Loss: how unlikely the true classes are to the model.

    Formula: weighted mean over sequences of -sum_k q_k ln p_k, p the softmax of the outputs, q the
    truth with ``smoothing`` spread evenly over all classes

    Tells: what training makes smaller.

    Misleads: it falls on the training part whether or not anything general is learned.

    At the start: near ln K.

    Source: Szegedy et al. 2016, arXiv 1512.00567, for the smoothing.

    ``logits_BK`` are a model's outputs, ``truth_B`` numbers of classes. Returns the loss and what
    the sequences count together.
    """
    loss = functional.cross_entropy(logits_BK, truth_B, weight=weights_K, label_smoothing=smoothing)
    count = float(len(truth_B)) if weights_K is None else weights_K[truth_B].sum()
    return loss, count


def cross_entropy_of_known(
    logits_BTK: Tensor, truth_BT: Tensor, *, weights_K: Tensor | None, smoothing: float
) -> tuple[Tensor, Tensor | float]:
    """The same over steps, those left out whose class is -1: not known, or not to be said.

    Where none is known the loss is zero and so is its gradient.
    """
    is_known = truth_BT >= 0
    if not is_known.any():
        return logits_BTK.sum() * 0.0, 0.0
    return cross_entropy(
        logits_BTK[is_known], truth_BT[is_known], weights_K=weights_K, smoothing=smoothing
    )
