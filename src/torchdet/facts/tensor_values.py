"""What a value is, as far as it matters for finding tensors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from torchdet.model.diagnostic import Confidence


class Kind(Enum):
    """What a value is, as far as it matters for finding tensors.

    ``SEVERAL`` is a tuple or list of tensors, ``LOADER`` yields such. Calling a ``MODULE`` gives a
    tensor, calling a ``SEVERAL_MODULE`` several; ``MODULES`` holds modules by position. ``OPEN``
    is a value that is being worked out: it agrees with everything.
    """

    TENSOR = "tensor"
    SEVERAL = "several tensors"
    MODULE = "module"
    SEVERAL_MODULE = "module of several outputs"
    MODULES = "modules"
    LOADER = "loader"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression is, and how sure that is."""

    kind: Kind
    confidence: Confidence

    def as_kind(self, kind: Kind) -> Value:
        """Another kind, as sure as this one; an open value stays open."""
        return self if self.kind is Kind.OPEN else Value(kind, self.confidence)


OPEN = Value(Kind.OPEN, Confidence.CERTAIN)
"""The value that is being worked out."""


def agreed(values: Iterable[Value | None]) -> Value | None:
    """What all ``values`` are; as sure as the least sure of them."""
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
