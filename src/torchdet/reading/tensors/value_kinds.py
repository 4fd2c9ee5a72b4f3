"""What a value can be, as far as it matters for finding tensors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from torchdet.model.diagnostic import Confidence


class Kind(Enum):
    """What a value is.

    ``SEVERAL`` is a tuple or list of tensors, ``LOADER`` yields such. Calling a ``MODULE`` gives a
    tensor, calling a ``SEVERAL_MODULE`` several; ``MODULES`` holds modules by position. ``OPEN``
    is a value about which nothing has been found yet: it agrees with everything.
    """

    TENSOR = "tensor"
    SEVERAL = "several tensors"
    MODULE = "module"
    SEVERAL_MODULE = "module of several outputs"
    MODULES = "modules"
    LOADER = "loader"
    OPEN = "open"


MODULE_KINDS = frozenset({Kind.MODULE, Kind.SEVERAL_MODULE, Kind.MODULES})


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression is, and how sure that is."""

    kind: Kind
    confidence: Confidence

    def as_kind(self, kind: Kind) -> Value:
        """Another kind, as sure as this one; an open value stays open."""
        return self if self.kind is Kind.OPEN else Value(kind, self.confidence)

    @property
    def is_of_torch(self) -> bool:
        """Whether it is one tensor or one module."""
        return self.kind is Kind.TENSOR or self.kind in MODULE_KINDS

    @property
    def likely(self) -> Value:
        """The same, no surer than likely."""
        return self if self.kind is Kind.OPEN else Value(self.kind, Confidence.LIKELY)


OPEN = Value(Kind.OPEN, Confidence.CERTAIN)
CERTAIN_TENSOR = Value(Kind.TENSOR, Confidence.CERTAIN)
LIKELY_TENSOR = Value(Kind.TENSOR, Confidence.LIKELY)

# What one part of a value is, taken by position, by unpacking or by iterating.
_PARTS = {
    Kind.TENSOR: Kind.TENSOR,
    Kind.SEVERAL: Kind.TENSOR,
    Kind.MODULES: Kind.MODULE,
    Kind.OPEN: Kind.OPEN,
}


def agreed(values: Iterable[Value | None]) -> Value | None:
    """What all ``values`` are; as sure as the least sure of them. None if one is unknown."""
    result = OPEN
    for value in values:
        if value is None:
            return None
        if value.kind is Kind.OPEN:
            continue
        if result.kind not in {Kind.OPEN, value.kind}:
            return None
        weaker = Confidence.LIKELY in {result.confidence, value.confidence}
        result = Value(value.kind, Confidence.LIKELY if weaker else Confidence.CERTAIN)
    return result


def part(value: Value | None) -> Value | None:
    """What one part of ``value`` is."""
    if value is not None and value.kind is Kind.LOADER:
        return Value(Kind.SEVERAL, Confidence.LIKELY)
    kind = _PARTS.get(value.kind) if value is not None else None
    return value.as_kind(kind) if value is not None and kind is not None else None
