"""From what a person types to the rows of the catalogue of operations."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from torchdet.model.suggest import did_you_mean
from torchdet.torch_api.operations import Operation, operations

_ABBREVIATIONS = {
    "F.": "torch.nn.functional.",
    "nn.": "torch.nn.",
    "np.": "numpy.",
    "dist.": "torch.distributed.",
    "Tensor.": "torch.Tensor.",
}


class UnknownOperationError(LookupError):
    """Nothing in the catalogue is called so. The message names what is nearest."""


def find_operations(asked: str) -> tuple[Operation, ...]:
    """The rows with this name or spelling, in the catalogue's order.

    A spelling may be cut at the front (``interpolate``, ``Tensor.index_add_``), begin with a
    usual abbreviation (``F.``, ``nn.``, ``np.``), and differ in case where nothing else fits.
    Raises ``UnknownOperationError``.

    >>> [operation.name for operation in find_operations("F.grid_sample")]
    ['grid_sample', 'grid_sample (mps)']
    """
    rows = tuple(operations().values())
    for accepts in (_named, _spelled, _spelled_in_any_case):
        found = tuple(row for row in rows if accepts(asked.strip(), row))
        if found:
            return found
    near = did_you_mean(asked.strip(), known_names())
    raise UnknownOperationError(f"{asked!r} is not in the catalogue of operations{near}")


@cache
def known_names() -> tuple[str, ...]:
    """All that ``find_operations`` may be asked for: names, spellings, and their last parts."""
    return tuple(dict.fromkeys(_known_names()))


def _known_names() -> Iterator[str]:
    for row in operations().values():
        yield row.name
        for spelling in row.spellings:
            yield spelling
            yield spelling.rpartition(".")[2]


def _named(asked: str, row: Operation) -> bool:
    return asked.casefold() == row.name.casefold() and not any(
        spelling.endswith(f".{asked}") for spelling in row.spellings
    )


def _spelled(asked: str, row: Operation) -> bool:
    names = {asked, *_in_full(asked)}
    return any(
        spelling == name or spelling.endswith(f".{name}")
        for spelling in row.spellings
        for name in names
    )


def _spelled_in_any_case(asked: str, row: Operation) -> bool:
    wanted = asked.casefold()
    return any(
        spelling.casefold() == wanted or spelling.casefold().endswith(f".{wanted}")
        for spelling in row.spellings
    )


def _in_full(asked: str) -> Iterator[str]:
    for short, full in _ABBREVIATIONS.items():
        if asked.startswith(short):
            yield full + asked.removeprefix(short)
