"""Answers that depend on each other, in circles as well."""

from __future__ import annotations

from torchdet.facts.fixed_point import FixedPoint

Graph = dict[str, tuple[str, ...]]


def reached(graph: Graph, start: str, known: dict[str, frozenset[str]]) -> frozenset[str]:
    """What can be reached from ``start``."""

    def evaluate(node: str) -> frozenset[str]:
        return frozenset((node,)).union(*(answers.ask(each) for each in graph[node]))

    answers: FixedPoint[str, frozenset[str]] = FixedPoint(known, frozenset(), frozenset.union)
    return answers.of(start, evaluate)


def test_every_answer_in_a_circle_is_final() -> None:
    graph: Graph = {"a": ("b",), "b": ("c", "d"), "c": ("a",), "d": ()}
    known: dict[str, frozenset[str]] = {}
    assert reached(graph, "a", known) == set("abcd")
    assert known == {**dict.fromkeys("abc", frozenset("abcd")), "d": frozenset("d")}


def test_what_is_known_is_not_worked_out_again() -> None:
    known = {"b": frozenset({"z"})}
    assert reached({"a": ("b",)}, "a", known) == {"a", "z"}


def test_a_chain_is_longer_than_the_stack_is_deep() -> None:
    graph: Graph = {str(i): (str(i + 1),) for i in range(5000)} | {"5000": ()}
    found: dict[str, frozenset[str]] = {}

    def evaluate(node: str) -> frozenset[str]:
        return frozenset().union({"end"} if not graph[node] else answers.ask(graph[node][0]))

    answers: FixedPoint[str, frozenset[str]] = FixedPoint(found, frozenset(), frozenset.union)
    assert answers.of("0", evaluate) == {"end"}
