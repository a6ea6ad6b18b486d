"""A Student's t distribution of each value, whose tails are heavier than those of a normal one."""

from dataclasses import dataclass

from grucli.nn.heads.distribution import Distribution, Head
from grucli.nn.heads.gaussian import positive
from grucli.nn.heads.special import log_beta, student_t_quantile, student_t_share
from grucli.nn.window_scale import WindowScale
from grucli.tensors import Tensor, functional, torch

LEAST_DEGREES = 2.0
"""With more degrees of freedom than this the variance is finite."""


@dataclass(frozen=True, eq=False)
class StudentT(Distribution):
    """Centre, scale and degrees of freedom, [B, K, C] each."""

    center: Tensor
    size: Tensor
    degrees: Tensor

    @property
    def point(self) -> Tensor:
        """The median, which is the mean."""
        return self.center

    @property
    def spread(self) -> Tensor:
        """The scale."""
        return self.size

    def quantile(self, level: float) -> Tensor:
        """The centre, and so many scales as the degrees of freedom ask for."""
        return self.center + student_t_quantile(level, self.degrees) * self.size

    def losses(self, target_BKC: Tensor) -> Tensor:
        """The negative log-likelihood."""
        z, half = (target_BKC - self.center) / self.size, torch.full_like(self.degrees, 0.5)
        front = log_beta(half, self.degrees / 2) + self.degrees.log() / 2 + self.size.log()
        return front + (self.degrees + 1) / 2 * torch.log1p(z.square() / self.degrees)

    def crps(self, truth_BKC: Tensor) -> Tensor:
        """S (z (2 F(z) - 1) + 2 f(z) (n + z^2) / (n - 1) - 2 sqrt(n) / (n - 1) B(1/2, n - 1/2) /
        B(1/2, n/2)^2), z = (y - m) / s, F and f those of n degrees of freedom.

        Source: Jordan, Krueger & Lerch 2019, Journal of Statistical Software 90(12).
        """
        size, n = self.size.double(), self.degrees.double()
        z, half = (truth_BKC - self.center) / size, torch.full_like(n, 0.5)
        beta = log_beta(half, n / 2)
        density = torch.exp(-(n + 1) / 2 * torch.log1p(z.square() / n) - beta) / n.sqrt()
        tails = 2 * density * (n + z.square()) / (n - 1)
        own = 2 * n.sqrt() / (n - 1) * torch.exp(log_beta(half, n - 0.5) - 2 * beta)
        return size * (z * (2 * student_t_share(z, n) - 1) + tails - own)


class StudentTHead(Head):
    """The centre, the scale as softplus(x) above a floor, and the degrees of freedom as 2 +
    softplus(x).
    """

    @property
    def parameters(self) -> int:
        """Centre, scale and degrees of freedom."""
        return 3

    def of(self, raw_BKPC: Tensor, scale: WindowScale) -> StudentT:
        """The distribution of windows whose normalisation is undone."""
        center, size, degrees = raw_BKPC.unbind(-2)
        return StudentT(
            scale.undo(center),
            positive(size) * scale.spread_of(center),
            LEAST_DEGREES + functional.softplus(degrees),
        )
