"""Calls that meet a condition of the catalogue, and neighbours that do not, made from the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from torchdet.torch_api.condition_language import (
    Absent,
    Always,
    And,
    Condition,
    Dims,
    Every,
    Integral,
    IsTensor,
    Length,
    Not,
    OneOf,
    Opaque,
    Or,
    Passed,
    Runtime,
    Value,
)
from torchdet.torch_api.signatures import Signature

LEFT_OUT = "left out"
"""In place of an argument's text: the call does not pass it."""


@dataclass(frozen=True)
class Given:
    """The texts of the arguments that decide on a condition."""

    texts: dict[str, str] = field(default_factory=dict)

    def __or__(self, other: Given) -> Given:
        return Given({**self.texts, **other.texts})


def given_for(condition: Condition, signature: Signature | None, *, holds: bool) -> Given | None:
    """Arguments with which ``condition`` holds, or does not; None where no text decides that."""
    if isinstance(condition, Not):
        return given_for(condition.operand, signature, holds=not holds)
    if isinstance(condition, (And, Or)):
        return _of_parts(condition, signature, holds=holds)
    if isinstance(condition, Always):
        return Given() if holds else None
    if isinstance(condition, Runtime):
        return Given() if holds and condition.usual else None
    assert signature is not None
    name = condition.argument
    if name in signature.fixed and not isinstance(condition, (Dims, Integral)):
        is_met = _fixed_meets(condition, signature.fixed[name])
        return Given() if is_met is holds else None
    if name not in signature.parameters:
        return Given() if isinstance(condition, Integral) and not holds else None
    return Given({name: _text(condition, holds=holds)})


def _of_parts(condition: And | Or, signature: Signature | None, *, holds: bool) -> Given | None:
    """All parts as wanted; or, where one part decides, that one, the others being opposite."""
    if isinstance(condition, And) is holds:
        all_parts = [given_for(part, signature, holds=holds) for part in condition.operands]
        if None in all_parts:
            return None
        merged = Given()
        for part in all_parts:
            assert part is not None
            merged |= part
        return merged
    for decisive in condition.operands:
        answer = given_for(decisive, signature, holds=holds)
        if answer is not None and (holds or answer.texts):
            others = [part for part in condition.operands if part is not decisive]
            for other in others:
                answer = (given_for(other, signature, holds=not holds) or Given()) | answer
            return answer
    return None


def _fixed_meets(condition: Condition, value: Value) -> bool | None:
    if isinstance(condition, OneOf):
        return value in condition.values
    if isinstance(condition, Length):
        return isinstance(value, tuple) and len(value) == condition.length
    return None


def _text(condition: Condition, *, holds: bool) -> str:
    if isinstance(condition, OneOf):
        return repr(condition.values[0]) if holds else _other_than(condition.values)
    if isinstance(condition, Every):
        return repr(condition.literal) if holds else "(7, 5)"
    if isinstance(condition, Length):
        return repr((1,) * (condition.length if holds else 8))
    if isinstance(condition, Passed):
        return "1" if holds else LEFT_OUT
    if isinstance(condition, IsTensor):
        return "torch.ones(2)" if holds else "1.0"
    if isinstance(condition, Dims):
        return "x.permute(0, 2, 1)" if holds else "x.view(4, 5)"
    assert isinstance(condition, Integral)
    return "x.long()" if holds else "x.float()"


def _other_than(values: tuple[object, ...]) -> str:
    if isinstance(values[0], bool):
        return repr(not values[0])
    if values[0] is None:
        return "1"
    return repr("nearest") if isinstance(values[0], str) else "0"


def arguments(signature: Signature | None, given: Given) -> Iterator[str]:
    """The argument lists of a call: by keyword, and by position as far as that goes."""
    if signature is None:
        yield "x"
        return
    texts = {
        name: "x" if name == "input" else "a"
        for name, parameter in signature.parameters.items()
        if parameter.default == Absent() and parameter.position is not None
    }
    texts = {name: text for name, text in {**texts, **given.texts}.items() if text != LEFT_OUT}
    yield ", ".join(f"{name}={text}" for name, text in texts.items())
    yield ", ".join(_positional(signature, dict(texts)))


def _positional(signature: Signature, texts: dict[str, str]) -> Iterator[str]:
    last = max(
        (
            signature.parameters[name].position or 0
            for name in texts
            if _is_positional(signature, name)
        ),
        default=-1,
    )
    for name, parameter in signature.parameters.items():
        if parameter.position is None or parameter.position > last:
            continue
        given = texts.pop(name, None)
        if given is None:
            given = "a" if isinstance(parameter.default, Opaque) else repr(parameter.default)
        yield given
    yield from (f"{name}={text}" for name, text in texts.items())


def _is_positional(signature: Signature, name: str) -> bool:
    return signature.parameters[name].position is not None
