"""Command-line options: where they are declared, and what a namespace gives under their name.

argparse (``add_argument``), click and typer (``option``, ``argument``), absl (``DEFINE_…``), and
the dataclasses that ``HfArgumentParser``, tyro and their like fill from the command line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, last_name, string_value
from torchdet.facts.flow.definitions import Item, Path
from torchdet.facts.flow.expression_flow import parameters
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.flow.attributes import Attributes
    from torchdet.facts.flow.bodies import Bodies

_DECLARING = frozenset({"add_argument", "option", "argument", "add_option"})
_PARSING = frozenset(
    {"parse_args", "parse_known_args", "parse_intermixed_args", "parse_known_intermixed_args"}
)
_FILLING = frozenset(
    {"parse_args_into_dataclasses", "parse_dict", "parse_json_file", "parse_yaml_file"}
)
_MAKING = frozenset({"cli", "parse", "parse_obj"})
_WITHOUT_VALUE = ("const", "flag_value")


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    """One declaration: the ``call``, the names that its value is read by, and the default.

    ``instead`` are the values that the option has where it is given without one.
    """

    call: cst.Call
    names: tuple[str, ...]
    default: cst.BaseExpression | None
    instead: tuple[cst.BaseExpression, ...] = ()

    def gives(self, node: cst.BaseExpression) -> bool:
        """Whether the declaration gives the option the value ``node``."""
        return node is self.default or node in self.instead


class Options:
    """The options that one file declares."""

    def __init__(self, bodies: Bodies, attributes: Attributes) -> None:
        self._bodies = bodies
        self._attributes = attributes

    def named(self, name: str) -> list[Option]:
        """The options whose value is read as ``namespace.name``."""
        return self._by_name.get(name, [])

    def of_parameter(self, function: cst.FunctionDef, name: str) -> list[Option]:
        """The options that click's decorators of ``function`` pass as its parameter ``name``."""
        made = (_option(each.decorator) for each in function.decorators)
        return [each for each in made if each is not None and name in each.names]

    def declared_by(self, call: cst.Call) -> Option | None:
        """The option that ``call`` declares."""
        name = last_name(call.func) or ""
        declares = name in _DECLARING or name.startswith("DEFINE_")
        return self._by_call.get(call) if declares else None

    def parameters(self, option: Option) -> list[cst.Param]:
        """The parameters that click fills with ``option``, which decorates their function."""
        parents = self._bodies.index.parents
        decorator = parents[option.call]
        function = parents[decorator] if isinstance(decorator, cst.Decorator) else None
        if not isinstance(function, cst.FunctionDef):
            return []
        return [each for each in parameters(function) if each.name.value in option.names]

    @cached_property
    def namespaces(self) -> tuple[tuple[cst.Call, Path], ...]:
        """The calls that parse the command line, and where in their value the namespace is."""
        parents = self._bodies.index.parents
        found: dict[cst.Call, Path] = {}
        for name in self._bodies.table.used_in:
            node: cst.CSTNode = name
            above = parents.get(node)
            while isinstance(above, (cst.Attribute, cst.Call)):
                node, above = above, parents[above]
                if isinstance(node, cst.Call) and self.is_namespace(node):
                    known = "known" in (last_name(node.func) or "")
                    found[node] = (Item(0),) if known else ()
        return tuple(found.items())

    @cached_property
    def _by_name(self) -> dict[str, list[Option]]:
        found: dict[str, list[Option]] = {}
        for option in self._by_call.values():
            for name in option.names:
                found.setdefault(name, []).append(option)
        return found

    @cached_property
    def _by_call(self) -> dict[cst.CSTNode, Option]:
        found = ((call, _option(call)) for call in self._declarations())
        return {call: option for call, option in found if option is not None}

    def _declarations(self) -> Iterator[cst.CSTNode]:
        parents = self._bodies.index.parents
        for uses in self._bodies.index.uses.values():
            for use in uses:
                last = use.parts[-1]
                if last in _DECLARING or last.startswith("DEFINE_"):
                    yield parents.get(use.node, use.node)

    def is_namespace(self, node: cst.BaseExpression) -> bool:
        """Whether ``node`` is a call that parses the command line."""
        return isinstance(node, cst.Call) and last_name(node.func) in _PARSING

    def filled_classes(self, call: cst.Call) -> list[cst.ClassDef]:
        """The classes of the file that ``call`` fills from the command line, in their order."""
        name = last_name(call.func)
        if name in _MAKING or (name is not None and name.endswith("ArgumentParser")):
            given = call.args[0].value if call.args else None
        elif name in _FILLING and isinstance(call.func, cst.Attribute):
            parser = self._made_parser(call.func.value)
            given = parser.args[0].value if parser is not None and parser.args else None
        else:
            return []
        if isinstance(given, (cst.Tuple, cst.List)):
            every = [each.value for each in given.elements]
        else:
            every = [given] if given is not None else []
        classes = [self._attributes.class_named(each) for each in every]
        return [each for each in classes if each is not None] if all(classes) else []

    def _made_parser(self, node: cst.BaseExpression) -> cst.Call | None:
        if isinstance(node, cst.Call):
            return node
        if isinstance(node, cst.Name):
            variable = self._bodies.table.variable(node)
            every = self._bodies.table.definitions.get(variable, ()) if variable else ()
            for each in every:
                if isinstance(each.value, cst.Call):
                    return each.value
        return None


def _option(node: cst.CSTNode) -> Option | None:
    """The declaration in a call of ``add_argument`` or the like."""
    if not isinstance(node, cst.Call):
        return None
    name = last_name(node.func) or ""
    if name.startswith("DEFINE_"):
        flag = string_value(node.args[0].value) if node.args else None
        given = argument(node, "default", 1)
        return Option(node, (flag,), given.value if given else None) if flag else None
    if name not in _DECLARING:
        return None
    default = argument(node, "default")
    names = tuple(_destinations(node))
    instead = (argument(node, keyword) for keyword in _WITHOUT_VALUE)
    return Option(
        node,
        names,
        default.value if default is not None else None,
        tuple(each.value for each in instead if each is not None),
    )


def _destinations(call: cst.Call) -> Iterator[str]:
    """The names under which the value is read: ``dest``, or else the long flags, or the short."""
    given = argument(call, "dest")
    dest = string_value(given.value) if given is not None else None
    if dest is not None:
        yield dest
        return
    flags = [string_value(arg.value) for arg in call.args if arg.keyword is None and not arg.star]
    texts = [part for flag in flags if flag is not None for part in flag.split("/")]
    long = [text for text in texts if text.startswith("--") or not text.startswith("-")]
    for text in long or texts:
        name = text.strip().lstrip("-").replace("-", "_")
        if name.isidentifier():
            yield name
