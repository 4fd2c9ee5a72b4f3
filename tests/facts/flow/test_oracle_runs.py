"""The map against programs that are run: what happens is in it."""

from __future__ import annotations

import random

import libcst as cst
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from torchdet.facts.expressions import int_value
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.facts.walk import descendants
from torchdet.model.source import SourceText

from .random_programs import Run, Writer


def _number(node: cst.CSTNode, name: str) -> int | None:
    """The number in ``name(number, ...)``."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in name:
        return int_value(node.args[0].value)
    return None


class Map:
    """What the flow says of one program, by the numbers in it."""

    def __init__(self, text: str) -> None:
        self.facts = FileFacts.parse(SourceText(text), Wanted())
        self.uses: dict[int, cst.Name] = {}
        for node in descendants(self.facts.module):
            number = _number(node, "U")
            if number is not None and isinstance(node, cst.Call):
                value = node.args[1].value
                if isinstance(value, cst.Name):
                    self.uses[number] = value

    def defined(self, use: int) -> set[int]:
        """The numbers of the definitions that reach a use."""
        found = self.facts.flow.definitions(self.uses[use]).definitions
        return {number for each in found if (number := self._of(each.value)) is not None}

    def _of(self, value: cst.BaseExpression | None) -> int | None:
        number = _number(value, "DLP") if value is not None else None
        if number is None and isinstance(value, cst.Call):  # a context manager
            return _number(value.args[0].value, "D") if value.args else None
        return number


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_what_runs_is_in_the_map(seed: int) -> None:
    text = Writer(random.Random(seed)).program()
    flow = Map(text)
    rows = text.splitlines()
    for attempt in range(6):
        observed = Run(random.Random(attempt)).execute(text)
        for use, definition in observed.pairs:
            if use in flow.uses:
                assert definition in flow.defined(use), f"{text}\nU({use}) saw D({definition})"
        for use, coins in observed.coins_at:
            node = flow.uses.get(use)
            assert node is None or flow.facts.flow.order.runs(node), f"{text}\nU({use}) has run"
            for condition in flow.facts.flow.conditions(node) if node is not None else ():
                number = _number(condition.test, "C")
                if number is not None:
                    assert coins[number] is condition.holds, f"{text}\nC({number}) at U({use})"
        row = observed.unbound_on_row
        if row is not None and rows[row - 1].count("U(") == 1:
            use = int(rows[row - 1].partition("U(")[2].partition(",")[0])
            # A function counts as called when what it captures is bound.
            if use in flow.uses and flow.facts.flow.order.at_import(flow.uses[use]):
                reaching = flow.facts.flow.definitions(flow.uses[use])
                assert reaching.may_be_unbound or not reaching.definitions, f"{text}\nU({use})"


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_a_straight_line_has_nothing_else(seed: int) -> None:
    text = Writer(random.Random(seed), branches=False).program()
    flow = Map(text)
    observed = Run(random.Random(0)).execute(text)
    seen = {use for use, _ in observed.coins_at}
    for use in seen & set(flow.uses):
        assert len(flow.facts.flow.definitions(flow.uses[use]).definitions) == 1, text
