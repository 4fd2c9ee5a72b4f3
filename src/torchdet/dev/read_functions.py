"""The table of torch's functions and methods, read from the stubs and schemas of a torch.

The stubs (`torch/_C/_VariableFunctions.pyi`, `torch/_C/__init__.pyi`, `torch/nn/functional.pyi`)
say what a function of `torch`, a method of a tensor and a function of `torch.nn.functional` take
and return. For the functions in C of `torch.linalg`, `torch.fft` and `torch.special` the schemas of
the operators do, and for those in Python their own annotations.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import BuiltinFunctionType

import torch
from torch._ops import OpOverload, OpOverloadPacket

HEADING = ("name", "returns", "device", "generator", "draws", "view")
"""What the columns are called.

``returns`` is ``tensor``, ``tensors`` or ``other``, several of them where overloads differ.
``device`` and ``generator`` are the position of that parameter, or ``keyword`` where only a keyword
passes it. ``draws`` says whether the operator takes numbers from a generator, and ``view`` whether
the result may share the memory of an argument.
"""

_IN_C = {"torch.linalg": "linalg_", "torch.fft": "fft_", "torch.special": "special_"}
_IN_PYTHON = ("torch", "torch.functional", "torch.nn.functional", "torch.nn.init", *_IN_C)
_TENSORS = ("tuple[Tensor", "Tuple[Tensor", "list[Tensor", "List[Tensor", "torch.return_types.")


@dataclass(slots=True)
class _Facts:
    """What the overloads of one name say together; a position is that among all parameters."""

    returns: set[str] = field(default_factory=set)
    parameters: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    draws: bool = False
    view: bool = False


def function_rows() -> Iterator[tuple[str, ...]]:
    """The rows of the table in the order of the names."""
    facts: dict[str, _Facts] = defaultdict(_Facts)
    _read_stubs(Path(torch.__path__[0]), facts)
    _read_python(facts)
    _read_schemas(facts)
    for name, known in sorted(facts.items()):
        if not _exists(name):
            continue  # some stubs have functions that the release has not
        yield (
            name,
            _together(known.returns),
            _together(known.parameters["device"]),
            _together(known.parameters["generator"]),
            "yes" if known.draws or known.parameters["generator"] else "",
            "yes" if known.view else "",
        )


def _exists(name: str) -> bool:
    owner, _, last = name.rpartition(".")
    return hasattr(pkgutil.resolve_name(owner), last)


def _together(answers: set[str]) -> str:
    return ";".join(sorted(answers - {""}))


def _read_stubs(package: Path, facts: dict[str, _Facts]) -> None:
    functions = ast.parse((package / "_C/_VariableFunctions.pyi").read_text(encoding="utf-8"))
    _read_functions(functions.body, "torch", facts, methods=False)
    functional = ast.parse((package / "nn/functional.pyi").read_text(encoding="utf-8"))
    _read_functions(functional.body, "torch.nn.functional", facts, methods=False)
    core = ast.parse((package / "_C/__init__.pyi").read_text(encoding="utf-8"))
    for node in core.body:
        if isinstance(node, ast.ClassDef) and node.name == "TensorBase":
            _read_functions(node.body, "torch.Tensor", facts, methods=True)


def _read_functions(
    body: Iterable[ast.stmt], owner: str, facts: dict[str, _Facts], *, methods: bool
) -> None:
    for node in body:
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        known = facts[f"{owner}.{node.name}"]
        if node.returns is not None:
            known.returns.add(_kind(ast.unparse(node.returns)))
        positional = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
        names = positional[1:] if methods else positional
        _take_parameters(known, names, [each.arg for each in node.args.kwonlyargs])


def _take_parameters(known: _Facts, positional: list[str], keywords: list[str]) -> None:
    for name in ("device", "generator"):
        if name in positional:
            known.parameters[name].add(str(positional.index(name)))
        elif name in keywords:
            known.parameters[name].add("keyword")


def _kind(annotation: str) -> str:
    """``tensor``, ``tensors`` or ``other``, for a return annotation."""
    if annotation in {"Tensor", "torch.Tensor", "Self"}:
        return "tensor"
    return "tensors" if annotation.startswith(_TENSORS) else "other"


def _read_python(facts: dict[str, _Facts]) -> None:
    """The functions that are written in Python, where no stub speaks of them."""
    for owner in _IN_PYTHON:
        module = importlib.import_module(owner)
        for name, found in sorted(vars(module).items()):
            public = "torch" if owner == "torch.functional" else owner
            if name.startswith("_") or not inspect.isfunction(found):
                continue
            if not found.__module__.startswith("torch") or f"{public}.{name}" in facts:
                continue
            if not hasattr(importlib.import_module(public), name):
                continue
            signature = inspect.signature(found)
            known = facts[f"{public}.{name}"]
            written = signature.return_annotation
            if written is not inspect.Signature.empty:
                text = written if isinstance(written, str) else inspect.formatannotation(written)
                known.returns.add(_kind(text.replace("torch.Tensor", "Tensor")))
            by_place = [
                each.name
                for each in signature.parameters.values()
                if each.kind is not inspect.Parameter.KEYWORD_ONLY
            ]
            only = [each for each in signature.parameters if each not in by_place]
            _take_parameters(known, by_place, only)


def _read_schemas(facts: dict[str, _Facts]) -> None:
    """What the operators' schemas and tags add: seeded draws, views, and functions in C."""
    operators = {each.name for each in torch._C._jit_get_all_schemas()}
    for full_name in sorted(operators):
        library, _, operator = full_name.partition("::")
        if library != "aten" or operator.startswith("_"):
            continue
        overloads = list(_overloads(getattr(torch.ops.aten, operator, None)))
        for owner, prefix in _IN_C.items():
            name = operator.removeprefix(prefix)
            public = operator.startswith(prefix) and not name.startswith("_")
            if public and hasattr(importlib.import_module(owner), name):
                known = facts[f"{owner}.{name}"]
                known.returns |= {_kind_of(each) for each in overloads}
                _take_tags(known, overloads)
        for owner in ("torch", "torch.Tensor"):
            if f"{owner}.{operator}" in facts:
                _take_tags(facts[f"{owner}.{operator}"], overloads)
        if isinstance(getattr(torch.nn.functional, operator, None), BuiltinFunctionType):
            known = facts[f"torch.nn.functional.{operator}"]
            known.returns |= {_kind_of(each) for each in overloads}
            _take_tags(known, overloads)


def _overloads(packet: object) -> Iterator[OpOverload]:
    """Those that work on tensors and have no `out`: TorchScript has others, for numbers."""
    if isinstance(packet, OpOverloadPacket):
        for name in packet.overloads():  # type: ignore[no-untyped-call]  # torch's own
            overload: OpOverload = getattr(packet, name)
            schema = overload._schema
            types = [str(each.type) for each in (*schema.arguments, *schema.returns)]
            if any("Tensor" in each for each in types) and not any(
                each.is_out for each in schema.arguments
            ):
                yield overload


def _take_tags(known: _Facts, overloads: Iterable[OpOverload]) -> None:
    for overload in overloads:
        known.draws = known.draws or torch.Tag.nondeterministic_seeded in overload.tags
        known.view = known.view or any(
            each.alias_info is not None and not each.alias_info.is_write
            for each in overload._schema.returns
        )


def _kind_of(overload: OpOverload) -> str:
    types = [str(each.type) for each in overload._schema.returns]
    if types == ["Tensor"]:
        return "tensor"
    return "tensors" if types and set(types) <= {"Tensor", "List[Tensor]"} else "other"
