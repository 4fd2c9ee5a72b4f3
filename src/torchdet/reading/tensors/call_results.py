"""What calls give, as far as it matters for finding tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, int_value, is_constant
from torchdet.facts.lazy import cst
from torchdet.model.diagnostic import Confidence
from torchdet.reading.tensors.module_classes import forward_of, is_module_class
from torchdet.reading.tensors.tensor_annotations import annotated_as
from torchdet.reading.tensors.value_kinds import (
    CERTAIN_TENSOR,
    LIKELY_TENSOR,
    MODULE_KINDS,
    Kind,
    Value,
    agreed,
)
from torchdet.torch_api.data_loading import DATA_LOADERS
from torchdet.torch_api.returns import (
    MODULE_LISTS,
    MODULE_METHODS,
    OTHER_MODULES,
    PASSED_ON,
    RETURNS_FLAGS,
    SEVERAL_MODULES,
    TENSOR_CLASSES,
    TORCH_ONLY_METHODS,
    WITH_DIM,
    several_functions,
    several_methods,
    tensor_functions,
    tensor_methods,
    tensor_types,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.flow.calls import Callee

_CALLED = {
    Kind.MODULE: Kind.TENSOR,
    Kind.MODULES: Kind.TENSOR,  # `Sequential`; nobody calls a `ModuleList`
    Kind.SEVERAL_MODULE: Kind.SEVERAL,
    Kind.OPEN: Kind.OPEN,
}
_PACKAGES = ("torch.", "copy.", "einops.")


class CallResults:
    """Answers by what torch's functions return, and by what those of the file do.

    ``ask`` says what an expression, a function's result or a class's instance is.
    """

    def __init__(self, facts: FileFacts, ask: Callable[[cst.CSTNode], Value | None]) -> None:
        self._facts = facts
        self._ask = ask

    def of_call(self, node: cst.Call) -> Value | None:
        """What ``node`` gives."""
        names = self._facts.resolve(node.func).names
        if names:
            if not all(name.startswith(_PACKAGES) for name in names):
                return self._of_file(node)
            return agreed(self._named_call(name, node) for name in names)
        if isinstance(node.func, cst.Attribute):
            method = self._method(node, node.func)
            if method is not None:
                return method
        of_file = self._of_file(node)
        if of_file is not None:
            return of_file
        called = self._ask(node.func)
        kind = _CALLED.get(called.kind) if called is not None else None
        return called.as_kind(kind) if called is not None and kind is not None else None

    # Functions and classes of the file.

    def _of_file(self, node: cst.Call) -> Value | None:
        callees = self._facts.flow.callees(node)
        return agreed(self._of_callee(each) for each in callees) if callees else None

    def _of_callee(self, callee: Callee) -> Value | None:
        if callee.made is not None:
            return self._ask(callee.made)
        return self._ask(callee.function) if isinstance(callee.function, cst.FunctionDef) else None

    def of_function(self, function: cst.FunctionDef) -> Value | None:
        """What a call of ``function`` gives, ``None`` left out."""
        if function.returns is not None:
            return annotated_as(function.returns.annotation, self._facts)
        if function.asynchronous is not None:
            return None
        returned = self._facts.flow.returns(function)
        values = [self._ask(each) for each in returned.values if not is_constant(each, "None")]
        return agreed(values) if values and not returned.yields else None

    def of_instance(self, node: cst.ClassDef) -> Value | None:
        """An instance of a class of the file, if that is a module, by what ``forward`` returns."""
        if not is_module_class(node, self._facts):
            return None
        forward = forward_of(node, self._facts)
        output = self._ask(forward) if forward is not None else LIKELY_TENSOR
        if output is None or output.kind is Kind.OPEN:
            several = forward is not None and self._returns_tuples(forward)
            return Value(Kind.SEVERAL_MODULE, Confidence.LIKELY) if several else output
        if output.kind not in {Kind.TENSOR, Kind.SEVERAL}:
            return None
        kind = Kind.SEVERAL_MODULE if output.kind is Kind.SEVERAL else Kind.MODULE
        return Value(kind, Confidence.LIKELY)

    def _returns_tuples(self, forward: cst.FunctionDef) -> bool:
        values = self._facts.flow.returns(forward).values if forward.returns is None else ()
        return any(isinstance(value, (cst.Tuple, cst.List)) for value in values)

    # Functions and classes of torch.

    def _named_call(self, name: str, node: cst.Call) -> Value | None:
        """What a call of the qualified ``name`` gives."""
        if name in tensor_types():
            return CERTAIN_TENSOR
        package, _, function = name.rpartition(".")
        given = node.args[0].value if node.args else None
        if name in PASSED_ON:
            return self._ask(given) if given is not None else None
        if name in DATA_LOADERS:
            return Value(Kind.LOADER, Confidence.CERTAIN)
        if package in TENSOR_CLASSES:
            return self._result(function, node, CERTAIN_TENSOR, skipped=1)
        if name in tensor_functions():
            return _flagged(node)
        if name in several_functions():
            return Value(Kind.SEVERAL, Confidence.CERTAIN)
        if package == "torch":
            return self._result(function, node, CERTAIN_TENSOR, skipped=1, known_only=True)
        if package.startswith("torch.nn") and function[:1].isupper():
            return _torch_module(name)
        return None

    def _method(self, node: cst.Call, func: cst.Attribute) -> Value | None:
        name = func.attr.value
        receiver = self._ask(func.value)
        if receiver is None:
            return (
                LIKELY_TENSOR if name in TORCH_ONLY_METHODS and imports_torch(self._facts) else None
            )
        if receiver.kind is Kind.OPEN:
            return receiver
        if receiver.kind is Kind.TENSOR:
            return self._result(name, node, receiver, skipped=0)
        if receiver.kind in MODULE_KINDS and name in MODULE_METHODS:
            return receiver
        if receiver.kind in _CALLED and name == "forward":
            return receiver.as_kind(_CALLED[receiver.kind])
        return None

    def _result(
        self,
        method: str,
        node: cst.Call,
        receiver: Value,
        *,
        skipped: int,
        known_only: bool = False,
    ) -> Value | None:
        """What ``method`` of a tensor returns; ``skipped`` arguments are the tensor itself."""
        if method in WITH_DIM:
            kind = self._with_dim(method, node, skipped)
            return receiver.as_kind(kind) if kind is not None else None
        if method in RETURNS_FLAGS:
            asks = any(arg.keyword and arg.keyword.value.startswith("return_") for arg in node.args)
            return receiver.as_kind(Kind.SEVERAL if asks else Kind.TENSOR)
        if method == "nonzero":
            asks = argument(node, "as_tuple") is not None
            return receiver.as_kind(Kind.SEVERAL if asks else Kind.TENSOR)
        if method == "where":
            several = skipped == 1 and len(node.args) == 1
            return receiver.as_kind(Kind.SEVERAL if several else Kind.TENSOR)
        if method.startswith("atleast_"):
            return receiver.as_kind(Kind.TENSOR if len(node.args) == 1 else Kind.SEVERAL)
        if known_only:
            return None
        if method == "type":
            return receiver if node.args else None
        if method in several_methods():
            return receiver.as_kind(Kind.SEVERAL)
        in_place = method.endswith("_") and not method.startswith("_")
        return receiver if in_place or method in tensor_methods() else None

    def _with_dim(self, method: str, node: cst.Call, skipped: int) -> Kind | None:
        """``max(x)`` and ``max(x, y)`` are tensors, ``max(x, 0)`` is values and indices."""
        if argument(node, "dim") is not None or argument(node, "axis") is not None:
            return Kind.SEVERAL
        further = [arg for arg in node.args[skipped:] if arg.keyword is None]
        if not further:
            return Kind.TENSOR if argument(node, "out") is None else None
        if int_value(further[0].value) is not None or method in {"median", "nanmedian"}:
            return Kind.SEVERAL
        other = self._ask(further[0].value)
        return other.kind if other and other.kind in {Kind.TENSOR, Kind.OPEN} else None


def imports_torch(facts: FileFacts) -> bool:
    """Whether the file imports torch, so that its own names may hold tensors."""
    return any(name == "torch" or name.startswith("torch.") for name in facts.imported_modules)


def _flagged(node: cst.Call) -> Value:
    """A tensor, unless the call asks for indices beside it."""
    several = argument(node, "return_indices")
    return Value(Kind.TENSOR if several is None else Kind.SEVERAL, Confidence.CERTAIN)


def _torch_module(name: str) -> Value | None:
    """An instance of one of torch's own modules."""
    if name in OTHER_MODULES:
        return None
    if name in MODULE_LISTS:
        return Value(Kind.MODULES, Confidence.LIKELY)
    kind = Kind.SEVERAL_MODULE if name in SEVERAL_MODULES else Kind.MODULE
    return Value(kind, Confidence.CERTAIN)
