"""Draws the tree of modules, coloured by where parameters or gradients differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

from torchdet.report.characters import printable
from torchdet.verify.aftermath import ParameterState


@dataclass
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    parameters: list[tuple[str, ParameterState]] = field(default_factory=list)

    def is_equal(self) -> bool:
        parameters = all(state.is_equal for _, state in self.parameters)
        return parameters and all(child.is_equal() for child in self.children.values())


def module_tree(parameters: Sequence[ParameterState]) -> str:
    """Nested lists that open and close; branches in which something differs are open."""
    root = _Node()
    for state in parameters:
        *path, name = state.name.split(".")
        node = root
        for each in path:
            node = node.children.setdefault(each, _Node())
        node.parameters.append((name, state))
    return f'<ul class="tree">{"".join(_items(root))}</ul>'


def _items(node: _Node) -> Iterator[str]:
    for name, child in node.children.items():
        state = "equal" if child.is_equal() else "differs"
        opened = "" if child.is_equal() else " open"
        yield (
            f'<li><details{opened}><summary class="{state}">{_text(name)} <small>{state}</small>'
            f"</summary><ul>{''.join(_items(child))}</ul></details></li>"
        )
    for name, parameter in node.parameters:
        state = "equal" if parameter.is_equal else "differs"
        yield f'<li class="{state}">{_text(name)} <small>{_said(parameter)}</small></li>'


def _said(parameter: ParameterState) -> str:
    if parameter.is_equal:
        return "equal"
    pairs = (("value", parameter.weight), ("gradient", parameter.gradient))
    return ", ".join(
        f"{name} differs in {gap.elements} of {gap.total}, at most {gap.max_abs:.3g}"
        for name, gap in pairs
        if gap is not None
    )


def _text(value: str) -> str:
    return escape(printable(value))
