"""Dropout whose masks cost little: four elements are decided by one draw of 64 bits."""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch import Tensor

_LEVELS = 2**16


class Dropout(torch.nn.Dropout):
    """Sets a share of the elements to zero while training and scales the others, as ``torch.nn.Dropout``.

    On a CPU torch draws one double for each element, which takes longer than the linear layer before it. Here
    an element is decided by 16 random bits of torch's own generator: a seed, and a saved state of the
    generator, give the same masks again, whatever the number of threads. On other devices it is torch's.

    Args:
        p: the share that is set to zero, 0 <= p <= 1, rounded to a multiple of 2**-16. The others are scaled
            by the inverse of the share that remains, so that the mean is kept exactly.
        inplace: as in torch; nothing is saved by it on a CPU.

    Example:
        >>> dropout = Dropout(0.25)
        >>> sorted(set(dropout(torch.ones(1000)).tolist()))
        [0.0, 1.3333333730697632]
        >>> dropout.eval()(torch.ones(2)).tolist()
        [1.0, 1.0]
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` with elements dropped while training, and ``x`` itself otherwise."""
        kept = _LEVELS - round(self.p * _LEVELS)
        if not self.training or kept == _LEVELS:
            return x
        if self.inplace or kept == 0 or x.device.type != "cpu" or not x.is_floating_point():
            return F.dropout(x, self.p, self.training, self.inplace)
        return x * scaled_mask(x, kept)


def scaled_mask(x: Tensor, kept: int) -> Tensor:
    """Return zeros, and ``65536 / kept`` with the probability ``kept / 65536``, in the shape and type of x.

    Args:
        x: floats of any shape on a CPU.
        kept: 1 to 65536.
    """
    count = x.numel()
    words = torch.empty((count + 3) // 4, dtype=torch.int64, device="cpu").random_(-(2**63), None)
    draws = words.view(torch.int16)[:count].view(x.shape)
    # The draws are whole numbers from -32768 on: less a threshold and clamped, each becomes 0 or 1. This is
    # several times as fast as a comparison, whose booleans have to be turned into floats.
    mask = draws.to(torch.float32).sub_(_LEVELS // 2 - 1 - kept).clamp_(0, 1)
    return mask.mul_(_LEVELS / kept).to(x.dtype)
