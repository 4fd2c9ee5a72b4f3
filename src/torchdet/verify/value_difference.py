"""How far two values of one operation lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


_MOST_EXAMPLES = 8


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """The elements that differ, the largest distance, and how many floats lie between at most.

    ``max_ulp`` is None for types that are no floats. ``examples`` are the first elements that
    differ, each with its flat index and its value in either run.
    """

    elements: int
    total: int
    max_abs: float
    max_ulp: int | None
    examples: tuple[tuple[int, str, str], ...] = ()


def difference_of_files(first: Path, second: Path) -> ValueDifference | None:
    """Compare the tensors that two captures have kept; None where they are equal or no pair."""
    import torch

    if not (first.exists() and second.exists()):
        return None
    ones, others = (
        torch.load(path, map_location="cpu", weights_only=True) for path in (first, second)
    )
    return difference(ones, others)


def difference(
    ones: Sequence[torch.Tensor], others: Sequence[torch.Tensor]
) -> ValueDifference | None:
    """Compare the first pair of tensors of one shape and type whose bits differ."""
    for one, other in zip(ones, others, strict=False):
        if one.shape == other.shape and one.dtype == other.dtype:
            found = _difference(one, other)
            if found is not None:
                return found
    return None


def _difference(one: torch.Tensor, other: torch.Tensor) -> ValueDifference | None:
    import torch

    if one.is_complex():
        one, other = torch.view_as_real(one), torch.view_as_real(other)
    bits, other_bits = (_ordered_bits(each) for each in (one, other))
    differs = bits != other_bits
    elements = int(differs.sum())
    if not elements:
        return None
    apart = (one.double() - other.double()).abs()[differs]
    known = apart[~apart.isnan()]
    max_abs = float(known.max()) if len(known) else float("nan")
    max_ulp = None
    if one.is_floating_point():
        # Python's numbers: the distance of two doubles may exceed 64 bits.
        pairs = zip(bits[differs].tolist(), other_bits[differs].tolist(), strict=True)
        max_ulp = max(abs(left - right) for left, right in pairs)
    return ValueDifference(elements, one.numel(), max_abs, max_ulp, _examples(one, other, differs))


def _examples(
    one: torch.Tensor, other: torch.Tensor, differs: torch.Tensor
) -> tuple[tuple[int, str, str], ...]:
    places = differs.flatten().nonzero().flatten()[:_MOST_EXAMPLES].tolist()
    ones, others = one.flatten(), other.flatten()
    return tuple((place, _value(ones[place]), _value(others[place])) for place in places)


def _value(element: torch.Tensor) -> str:
    return repr(element.item())


def _ordered_bits(tensor: torch.Tensor) -> torch.Tensor:
    """The elements as integers that are ordered as the floats are, -0.0 just below 0.0."""
    import torch

    if not tensor.is_floating_point():
        return tensor.to(torch.int64)
    sizes = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
    integer = sizes[tensor.element_size()]
    bits = tensor.contiguous().view(integer).to(torch.int64)
    lowest = torch.iinfo(integer).min
    return torch.where(bits < 0, lowest + ~bits, bits)
