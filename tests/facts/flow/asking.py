"""Finds the nodes that a test asks about, by their text."""

from __future__ import annotations

import textwrap

import libcst as cst

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.flow.file_flow import FileFlow
from torchdet.facts.flow.sources import Sources
from torchdet.facts.index import Wanted
from torchdet.facts.walk import descendants
from torchdet.model.source import SourceText


class Program:
    """A file and its flow."""

    def __init__(self, text: str) -> None:
        self.facts = FileFacts.parse(SourceText(textwrap.dedent(text)), Wanted())

    @property
    def flow(self) -> FileFlow:
        return self.facts.flow

    def code(self, node: cst.CSTNode | None) -> str:
        return "" if node is None else self.facts.code(node).strip()

    def find(self, text: str) -> cst.BaseExpression:
        """The first expression that is written ``text``."""
        for node in descendants(self.facts.module):
            if isinstance(node, cst.BaseExpression) and self.code(node) == text:
                return node
        raise AssertionError(text)

    def asked(self, function: str = "use", number: int = 0) -> cst.BaseExpression:
        """The argument of a call ``use(...)``; the first unless ``number`` says another."""
        found = [
            node.args[0].value
            for node in descendants(self.facts.module)
            if isinstance(node, cst.Call) and self.code(node.func) == function
        ]
        return found[number]

    def values(self, node: cst.BaseExpression) -> list[str]:
        """The values of the definitions that reach the name ``node``, in a stable order."""
        assert isinstance(node, cst.Name)
        found = self.flow.definitions(node).definitions
        return sorted(self.code(each.value) or each.kind.value for each in found)

    def sources(self, node: cst.BaseExpression) -> Sources:
        return self.flow.sources(node)

    def ends(self, node: cst.BaseExpression) -> list[str]:
        """The texts of the sources of ``node``."""
        return sorted(self.code(each.node) for each in self.flow.sources(node).every)

    def held(self, node: cst.CSTNode) -> list[tuple[str, bool]]:
        """The conditions of ``node``, the nearest first."""
        return [(self.code(each.test), each.holds) for each in self.flow.conditions(node)]
