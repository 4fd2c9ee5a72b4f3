"""The language of conditions: what it accepts, what it refuses, and its three answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rows import every_row
from torchdet.torch_api.condition_language import (
    RUNTIME_FACTS,
    Absent,
    Condition,
    ConditionError,
    Opaque,
    Truth,
    Value,
    arguments_of,
    can_be_told,
    parse_condition,
)
from torchdet.torch_api.operations import Operation, operations

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


@dataclass(frozen=True)
class Call:
    """A call as plain values."""

    values: Mapping[str, Value] = field(default_factory=dict)
    tensors: Mapping[str, Truth] = field(default_factory=dict)
    dims: Mapping[str, int] = field(default_factory=dict)
    integers: frozenset[str] = frozenset()
    usual: Truth = Truth.UNKNOWN

    def value(self, argument: str) -> Value:
        return self.values.get(argument, Absent())

    def passed(self, argument: str) -> Truth:
        return Truth.of(argument in self.values)

    def is_tensor(self, argument: str) -> Truth:
        return self.tensors.get(argument, UNKNOWN)

    def is_integral(self, argument: str) -> Truth:
        return Truth.of(argument in self.integers) if self.integers else UNKNOWN

    def has_dims(self, argument: str, least: int) -> Truth:
        known = self.dims.get(argument)
        return UNKNOWN if known is None else Truth.of(known >= least)


@pytest.mark.parametrize(
    ("text", "call", "expected"),
    [
        ("True", Call(), TRUE),
        ("mode == 'area'", Call({"mode": "area"}), TRUE),
        ("mode == 'area'", Call({"mode": "nearest"}), FALSE),
        ("mode == 'area'", Call({"mode": Opaque()}), UNKNOWN),
        ("mode == 'area'", Call(), FALSE),
        ("mode in ('area', 'linear')", Call({"mode": "linear"}), TRUE),
        ("weights != None", Call({"weights": None}), FALSE),
        ("weights != None", Call({"weights": Opaque()}), UNKNOWN),
        ("accumulate == True", Call({"accumulate": 1}), FALSE),
        ("size == 1", Call({"size": True}), FALSE),
        ("every(size, 1)", Call({"size": (1, 1)}), TRUE),
        ("every(size, 1)", Call({"size": 1}), TRUE),
        ("every(size, 1)", Call({"size": (1, Opaque())}), UNKNOWN),
        ("every(size, 1)", Call({"size": (7, Opaque())}), FALSE),
        ("every(size, 1)", Call({"size": (None, 1)}), FALSE),
        ("len(pad) == 2", Call({"pad": (1, Opaque())}), TRUE),
        ("len(pad) == 2", Call({"pad": Opaque(length=4)}), FALSE),
        ("len(pad) == 2", Call({"pad": Opaque()}), UNKNOWN),
        ("passed(dim)", Call({"dim": None}), TRUE),
        ("passed(dim)", Call(), FALSE),
        ("tensor(src)", Call(tensors={"src": TRUE}), TRUE),
        ("dims(input, 3)", Call(dims={"input": 4}), TRUE),
        ("dims(input, 3)", Call(dims={"input": 2}), FALSE),
        ("dims(input, 3)", Call(), UNKNOWN),
        ("integral(input)", Call(integers=frozenset({"input"})), TRUE),
        ("integral(input)", Call(), UNKNOWN),
        ("runtime('ties')", Call(usual=TRUE), UNKNOWN),
        ("usual('ties')", Call(), UNKNOWN),
        ("usual('ties')", Call(usual=TRUE), TRUE),
        ("not runtime('ties')", Call(), UNKNOWN),
        ("mode == 'max' and runtime('ties')", Call({"mode": "sum"}), FALSE),
        ("mode == 'max' and runtime('ties')", Call({"mode": "max"}), UNKNOWN),
        ("mode == 'max' or runtime('ties')", Call({"mode": "max"}), TRUE),
        ("not (mode == 'max' or passed(dim))", Call({"mode": "sum"}), TRUE),
    ],
)
def test_truth(text: str, call: Call, expected: Truth) -> None:
    assert parse_condition(text).truth(call) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no expression"),
        ("mode ==", "no expression"),
        ("mode", "a comparison"),
        ("1", "a comparison"),
        ("False", "a comparison"),
        ("mode == other", "a string, a number"),
        ("mode < 3", "a literal after `==`"),
        ("mode in 'area'", "a literal after `==`"),
        ("1 == mode", "the name of an argument"),
        ("a.b == 1", "the name of an argument"),
        ("1 < size == 2", "a comparison"),
        ("len(pad) != 2", "len(argument) == number"),
        ("len(pad) == 'two'", "len(argument) == number"),
        ("runtime('phase of the moon')", "RUNTIME_FACTS"),
        ("usual(ties)", "a string, a number"),
        ("every(size)", "every(a, 1)"),
        ("dims(input, 'three')", "every(a, 1)"),
        ("__import__('os')", "every(a, 1)"),
        ("passed(dim=1)", "a comparison"),
    ],
)
def test_other_texts_are_refused_with_what_was_expected(text: str, expected: str) -> None:
    with pytest.raises(ConditionError) as error:
        parse_condition(text)
    assert expected in str(error.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("True", True),
        ("mode == 'max'", True),
        ("usual('ties')", True),
        ("not usual('ties')", False),
        ("runtime('ties')", False),
        ("mode == 'max' and runtime('ties')", False),
        ("mode == 'max' or runtime('ties')", True),
        ("not (mode == 'max' or runtime('ties'))", False),
        ("not (mode == 'max' and runtime('ties'))", True),
    ],
)
def test_can_be_told(text: str, expected: bool) -> None:
    assert can_be_told(parse_condition(text)) is expected


def test_every_runtime_fact_is_used_and_said_in_a_sentence() -> None:
    used = "".join(repr(operation.condition) for operation in operations().values())
    assert [fact for fact in RUNTIME_FACTS if f"fact={fact!r}" not in used] == []
    assert all(text and not text.endswith(".") for text in RUNTIME_FACTS.values())


values = st.sampled_from([True, False, None, 1, "max", (1, 1), Opaque(), Absent()])
conditions = st.recursive(
    st.sampled_from(
        ["True", "a == 1", "b in ('max', None)", "every(a, 1)", "passed(b)", "runtime('ties')"]
    ),
    lambda parts: st.one_of(
        parts.map(lambda text: f"not ({text})"),
        st.tuples(parts, parts).map(lambda pair: f"({pair[0]}) and ({pair[1]})"),
        st.tuples(parts, parts).map(lambda pair: f"({pair[0]}) or ({pair[1]})"),
    ),
    max_leaves=6,
).map(parse_condition)


@given(conditions, values, values, st.sampled_from([True, False, None, 1, "max", (1, 1)]))
def test_what_is_learned_later_never_contradicts_an_answer(
    condition: Condition, a: Value, b: Value, known: Value
) -> None:
    """An answer given while a value was opaque stands whatever the value turns out to be."""
    before = condition.truth(Call({"a": a, "b": b}))
    after = condition.truth(
        Call({name: known if value == Opaque() else value for name, value in (("a", a), ("b", b))})
    )
    assert before in {after, UNKNOWN}


@given(conditions, values, values)
def test_where_a_condition_cannot_be_told_no_call_meets_it(
    condition: Condition, a: Value, b: Value
) -> None:
    truth = condition.truth(Call({"a": a, "b": b}, usual=TRUE))
    assert truth is not TRUE or can_be_told(condition)


@given(conditions)
def test_text_reads_back_as_the_same_condition(condition: Condition) -> None:
    assert parse_condition(str(condition)) == condition


@every_row(operations().values(), name=lambda each: each.name)
def test_text_of_a_row_reads_back_as_its_condition(operation: Operation) -> None:
    assert parse_condition(str(operation.condition)) == operation.condition


@given(conditions)
def test_arguments_are_those_that_the_text_names(condition: Condition) -> None:
    assert arguments_of(condition) <= {"a", "b"}
