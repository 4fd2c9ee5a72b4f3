"""Random numbers that are the same on every device, CPU model and machine.

Each device of torch draws in its own way, and the CPU computes normal numbers by vector
instructions that differ from model to model. Here integers come from the CPU's Mersenne Twister,
which is exact, and normal numbers from them by additions, multiplications, divisions and square
roots in float64, each of which IEEE 754 defines to the last bit. The result is moved to its device.

A draw costs what it costs on the CPU and the copy: `python bench/portable_random.py` measures it.
Use it for initial weights, masks and noise that have to agree between machines, not for dropout in
the middle of a step.
"""

from __future__ import annotations

import math
from types import ModuleType
from typing import TYPE_CHECKING

from torchdet.runtime.seeding import checked_seed

if TYPE_CHECKING:
    import torch

_MANTISSA = 2**53
_LN2 = 0.6931471805599453

# Wichura's algorithm AS 241 (PPND16), "The percentage points of the normal distribution", 1988:
# numerators and denominators around the middle, and for the tails, from the highest power down.
_CENTRAL = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
_TAIL = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
     1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959,
     1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
     0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187,
     1.0),
)  # fmt: skip
_FAR_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
     0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699,
     6.6579046435011037772),
    (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
     7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
     0.59983220655588793769, 1.0),
)  # fmt: skip


class PortableGenerator:
    """A generator whose numbers depend on the seed and the order of the calls alone.

    Get it from `rt.portable_generator(seed)`. `device` and `dtype` say where the numbers go and as
    what; they are drawn alike for all.
    """

    def __init__(self, torch_module: ModuleType, seed: int, device: torch.device) -> None:
        self._torch = torch_module
        self._device = device
        self._generator: torch.Generator = torch_module.Generator("cpu")
        self._generator.manual_seed(checked_seed(seed))

    def rand(
        self,
        *size: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> torch.Tensor:
        """Return uniform numbers from 0 to 1; 1 itself only where `dtype` rounds to it."""
        return self._placed(self._uniform(size, 0.0), dtype, device)

    def randn(
        self,
        *size: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> torch.Tensor:
        """Return numbers of the standard normal distribution."""
        numbers = standard_normal(self._torch, self._uniform(size, 0.5))
        return self._placed(numbers, dtype, device)

    def randint(
        self, low: int, high: int, size: tuple[int, ...], device: torch.device | str | None = None
    ) -> torch.Tensor:
        """Return whole numbers from `low` to `high` - 1."""
        numbers: torch.Tensor = self._torch.randint(
            low, high, size, generator=self._generator, device="cpu"
        )
        return numbers.to(device or self._device)

    def randperm(self, n: int, device: torch.device | str | None = None) -> torch.Tensor:
        """Return the numbers from 0 to `n` - 1 in a random order.

        They are sorted by keys, as torch has several ways to shuffle that differ between releases.
        """
        keys = self._integers((n,))
        return keys.argsort(stable=True).to(device or self._device)

    def bernoulli(self, size: tuple[int, ...], p: float = 0.5) -> torch.Tensor:
        """Return a mask that is true with probability `p`."""
        return (self._uniform(size, 0.0) < p).to(self._device)

    def uniform_(self, tensor: torch.Tensor, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
        """Fill a tensor with uniform numbers from `low` to `high`, as `Tensor.uniform_` does."""
        numbers = self._uniform(tuple(tensor.shape), 0.0) * (high - low) + low
        with self._torch.no_grad():
            return tensor.copy_(numbers)

    def normal_(self, tensor: torch.Tensor, mean: float = 0.0, std: float = 1.0) -> torch.Tensor:
        """Fill a tensor with normal numbers, as `Tensor.normal_` does."""
        uniform = self._uniform(tuple(tensor.shape), 0.5)
        with self._torch.no_grad():
            return tensor.copy_(standard_normal(self._torch, uniform) * std + mean)

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return the state, so that a checkpoint can hold it."""
        return {"generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, torch.Tensor], /) -> None:
        """Go on where `state_dict` was called."""
        self._generator.set_state(state["generator"])

    def _integers(self, size: tuple[int, ...]) -> torch.Tensor:
        """Draw whole numbers from 0 to 2**53 - 1."""
        made: torch.Tensor = self._torch.empty(size, dtype=self._torch.int64, device="cpu")
        return made.random_(0, _MANTISSA, generator=self._generator)

    def _uniform(self, size: tuple[int, ...], offset: float) -> torch.Tensor:
        integers = self._integers(size).to(self._torch.float64)
        return (integers + offset) * (1.0 / _MANTISSA)

    def _placed(
        self,
        numbers: torch.Tensor,
        dtype: torch.dtype | None,
        device: torch.device | str | None,
    ) -> torch.Tensor:
        wanted = self._torch.get_default_dtype() if dtype is None else dtype
        return numbers.to(wanted).to(self._device if device is None else device)


def standard_normal(torch_module: ModuleType, uniform: torch.Tensor) -> torch.Tensor:
    """Return the normal number below which a share `uniform` (more than 0, below 1) of all lies."""
    middle = uniform - 0.5
    numbers: torch.Tensor = middle * _ratio(_CENTRAL, 0.180625 - middle * middle)
    outer = middle.abs() > 0.425
    share = uniform[outer]
    depth = (-_log(torch_module, torch_module.minimum(share, 1.0 - share))).sqrt()
    tail = torch_module.where(
        depth <= 5.0, _ratio(_TAIL, depth - 1.6), _ratio(_FAR_TAIL, depth - 5.0)
    )
    numbers[outer] = torch_module.where(share < 0.5, -tail, tail)
    return numbers


def _ratio(
    polynomials: tuple[tuple[float, ...], tuple[float, ...]], at: torch.Tensor
) -> torch.Tensor:
    above, below = (_polynomial(each, at) for each in polynomials)
    return above / below


def _polynomial(coefficients: tuple[float, ...], at: torch.Tensor) -> torch.Tensor:
    value = at * coefficients[0] + coefficients[1]
    for each in coefficients[2:]:
        value = value * at + each
    return value


def _log(torch_module: ModuleType, positive: torch.Tensor) -> torch.Tensor:
    """Return the logarithm by its series, as that of the processor's library differs."""
    mantissa, exponent = torch_module.frexp(positive)
    small = mantissa < math.sqrt(0.5)
    mantissa = torch_module.where(small, mantissa * 2.0, mantissa)
    exponent = torch_module.where(small, exponent - 1, exponent)
    ratio = (mantissa - 1.0) / (mantissa + 1.0)
    squared = ratio * ratio
    series = _polynomial(tuple(1.0 / odd for odd in range(25, 0, -2)), squared)
    value: torch.Tensor = ratio * series * 2.0 + exponent.to(positive.dtype) * _LN2
    return value
