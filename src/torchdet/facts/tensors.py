"""Whether an expression is a torch tensor, as far as its own file tells.

Asked for the few expressions that a rule is about to report, never for all. The answer follows
names to every binding that can reach them, attributes of ``self`` to what their class assigns,
and calls to what the function is known to return. All must agree, and what is not known to be a
tensor is none: a data frame's ``median()`` and a list's ``sort()`` never count.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, int_value, is_constant, last_name
from torchdet.facts.forward_parameters import is_forward_input
from torchdet.facts.lazy import cst
from torchdet.facts.local_calls import enclosing_class, local_function
from torchdet.facts.module_classes import (
    forward_of,
    is_module_class,
    local_class,
    looks_like_module,
    returned_values,
)
from torchdet.facts.parameter_uses import is_used_as_tensor
from torchdet.facts.reaching import Reached, reaching
from torchdet.facts.scope import Binding, BindingKind
from torchdet.facts.tensor_annotations import says_tensor, says_tensors
from torchdet.facts.tensor_guards import guarded
from torchdet.facts.tensor_values import OPEN, Kind, Value, agreed
from torchdet.facts.unpacking import Part, unpacked_part
from torchdet.model.diagnostic import Confidence
from torchdet.torch_api.data_loading import DATA_LOADERS
from torchdet.torch_api.returns import (
    MODULE_LISTS,
    OTHER_MODULES,
    RETURNS_FLAGS,
    SEVERAL_MODULES,
    TENSOR_ATTRIBUTES,
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
    from torchdet.facts.instance_attributes import Attribute

_DEEPEST = 40
_MOST_STEPS = 400


_CERTAIN_TENSOR = Value(Kind.TENSOR, Confidence.CERTAIN)
_LIKELY_TENSOR = Value(Kind.TENSOR, Confidence.LIKELY)

# What is left when one part of a value is taken, by position, by unpacking or by iterating.
_PART = {
    Kind.TENSOR: Kind.TENSOR,
    Kind.SEVERAL: Kind.TENSOR,
    Kind.MODULES: Kind.MODULE,
    Kind.OPEN: Kind.OPEN,
}
_CALLED = {
    Kind.MODULE: Kind.TENSOR,
    Kind.MODULES: Kind.TENSOR,  # `Sequential`; nobody calls a `ModuleList`
    Kind.SEVERAL_MODULE: Kind.SEVERAL,
    Kind.OPEN: Kind.OPEN,
}
_MODULE_KINDS = frozenset({Kind.MODULE, Kind.SEVERAL_MODULE, Kind.MODULES})
# Methods of a module that return the module.
_MODULE_METHODS = frozenset(
    {
        *("bfloat16", "cpu", "cuda", "double", "eval", "float", "half", "requires_grad_", "to"),
        *("to_empty", "train", "type", "apply"),
    }
)
_WRAPPERS = frozenset({"torch.compile", "torch.jit.script", "torch.jit.trace", "copy.deepcopy"})
_WRAPPERS |= {"torch.nn.DataParallel", "torch.nn.parallel.DistributedDataParallel", "copy.copy"}
_PASSED_ON = frozenset({"einops.rearrange", "einops.repeat", "einops.reduce"})
_ITERATING = frozenset({"iter", "list", "reversed", "tqdm", "track", "trange", "tuple"})


def tensor_confidence(expression: cst.BaseExpression, facts: FileFacts) -> Confidence | None:
    """How sure it is that ``expression`` is a tensor; None where the file does not tell.

    It may also be ``None``, on which nothing that a rule asks about can be called.

    CERTAIN: a torch call that returns a tensor, a parameter, a buffer, what is annotated as a
    tensor or was found to be one by ``isinstance``, and arithmetic, methods and parts of such.
    LIKELY: an unannotated input of ``forward``, the output of a module that the class holds, what
    a data loader yields, what only a tensor can be because of the method that is called on it or
    of how the function uses its parameter, and the like.
    """
    value = _Inference(facts).value(expression)
    if value is None:
        return Confidence.LIKELY if _is_receiver_of_torch(expression, facts) else None
    return value.confidence if value.kind is Kind.TENSOR else None


def _is_receiver_of_torch(expression: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether a method is called on ``expression`` that only tensors have."""
    attribute = facts.index.parents.get(expression)
    if not isinstance(attribute, cst.Attribute) or attribute.value is not expression:
        return False
    call = facts.parent(attribute)
    called = isinstance(call, cst.Call) and call.func is attribute
    named = attribute.attr.value in TORCH_ONLY_METHODS
    return called and named and not facts.resolve(expression).names and _imports_torch(facts)


def _imports_torch(facts: FileFacts) -> bool:
    return any(name == "torch" or name.startswith("torch.") for name in facts.imported_modules)


def _likely(value: Value | None) -> Value | None:
    """``value``, no surer than likely."""
    return Value(value.kind, Confidence.LIKELY) if value is not None else None


def _part(value: Value | None) -> Value | None:
    kind = _PART.get(value.kind) if value is not None else None
    return value.as_kind(kind) if value is not None and kind is not None else None


class _Inference:
    """One question: its steps are counted, and an expression inside itself stays open."""

    def __init__(self, facts: FileFacts) -> None:
        self._facts = facts
        self._known = facts.tensor_values
        self._open: set[cst.CSTNode] = set()
        self._cycles = 0
        self._steps = 0

    def value(self, node: cst.BaseExpression) -> Value | None:
        """What ``node`` is; None for what is not known."""
        if node in self._known:
            return self._known[node]
        if node in self._open:
            self._cycles += 1
            return OPEN
        self._steps += 1
        if len(self._open) > _DEEPEST or self._steps > _MOST_STEPS:
            return None
        cycles = self._cycles
        self._open.add(node)
        value = self._worked_out(node)
        self._open.discard(node)
        if not self._open and value is not None and value.kind is Kind.OPEN:
            value = None
        # What was found inside a circle holds only for the outermost expression of it.
        if self._steps <= _MOST_STEPS and (not self._open or self._cycles == cycles):
            self._known[node] = value
        return value

    def _worked_out(self, node: cst.BaseExpression) -> Value | None:
        if isinstance(node, cst.Name):
            return self._name(node)
        if isinstance(node, cst.Call):
            return self._call(node)
        if isinstance(node, cst.Attribute):
            return self._attribute(node)
        if isinstance(node, cst.Subscript):
            return self._subscript(node)
        if isinstance(node, cst.BinaryOperation):
            return self._arithmetic(node.left, node.right)
        if isinstance(node, cst.UnaryOperation):
            negated = isinstance(node.operator, cst.Not)
            return None if negated else self._tensor(node.expression)
        if isinstance(node, cst.Comparison) and len(node.comparisons) == 1:
            return self._comparison(node)
        return self._chosen(node)

    def _chosen(self, node: cst.BaseExpression) -> Value | None:
        """What an expression is that is one of those in it."""
        if isinstance(node, cst.IfExp):
            return self._all_of((node.body, node.orelse))
        if isinstance(node, cst.BooleanOperation):
            return self._all_of((node.left, node.right))
        return self.value(node.value) if isinstance(node, cst.NamedExpr) else None

    def _all_of(self, nodes: Iterable[cst.BaseExpression]) -> Value | None:
        """What every one of ``nodes`` is, ``None`` left out."""
        values = [self.value(node) for node in nodes if not is_constant(node, "None")]
        return agreed(values) if values else None

    def _tensor(self, node: cst.BaseExpression) -> Value | None:
        value = self.value(node)
        return value if value is not None and value.kind in {Kind.TENSOR, Kind.OPEN} else None

    # Operators.

    def _arithmetic(self, left: cst.BaseExpression, right: cst.BaseExpression) -> Value | None:
        first = self._tensor(left)
        if first is not None and first.kind is Kind.TENSOR:
            return first
        second = self._tensor(right)
        if second is None or (second.kind is Kind.OPEN and first is None):
            return None
        if first is not None or _is_number(left):
            return second
        return _likely(second)  # an array on the left would make it an array

    def _comparison(self, node: cst.Comparison) -> Value | None:
        target = node.comparisons[0]
        if isinstance(target.operator, (cst.In, cst.NotIn, cst.Is, cst.IsNot)):
            return None
        value = self._arithmetic(node.left, target.comparator)
        if value is None or not isinstance(target.operator, (cst.Equal, cst.NotEqual)):
            return value
        sides = (node.left, target.comparator)
        comparable = all(_is_number(side) or self._tensor(side) is not None for side in sides)
        return value if comparable else _likely(value)  # `x == (1, 2)` is plain False

    def _subscript(self, node: cst.Subscript) -> Value | None:
        value = self.value(node.value)
        element = node.slice[0].slice if len(node.slice) == 1 else None
        if value is not None and value.kind is not Kind.TENSOR and isinstance(element, cst.Slice):
            return value
        return _part(value)

    # Names.

    def _name(self, node: cst.Name) -> Value | None:
        values = [
            self._reached(node.value, reached)
            for reached in reaching(node, self._facts)
            if not _holds_nothing(reached.binding)
        ]
        return agreed(values) if values else None

    def _reached(self, name: str, reached: Reached) -> Value | None:
        verdict = guarded(name, reached.conditions, self._facts)
        if verdict is not None:
            return _CERTAIN_TENSOR if verdict else None
        return self._binding(reached.binding)

    def _binding(self, binding: Binding) -> Value | None:
        annotated = self._annotated(binding.annotation)
        if annotated is not None:
            return annotated
        if binding.kind is BindingKind.PARAMETER:
            return self._parameter(binding)
        if binding.kind is BindingKind.ASSIGNMENT and binding.value is not None:
            return self.value(binding.value)
        if binding.kind in {BindingKind.IMPORT, BindingKind.DEFINITION}:
            return None
        above = self._facts.index.parents.get(binding.node)
        if isinstance(above, cst.AugAssign):
            return self._arithmetic(above.target, above.value)
        part = unpacked_part(binding, self._facts)
        return self._of_part(part) if part is not None else None

    def _parameter(self, binding: Binding) -> Value | None:
        node = binding.node
        if isinstance(node, cst.Param) and is_forward_input(node, self._facts):
            return _LIKELY_TENSOR
        if is_used_as_tensor(binding, self._facts):
            return _LIKELY_TENSOR
        unannotated = binding.annotation is None
        if unannotated and binding.name.endswith(("loader", "dataloader")):
            return Value(Kind.LOADER, Confidence.LIKELY)
        return None

    def _annotated(self, annotation: cst.BaseExpression | None) -> Value | None:
        if annotation is None:
            return None
        if says_tensor(annotation, self._facts):
            return _CERTAIN_TENSOR
        if says_tensors(annotation, self._facts):
            return Value(Kind.SEVERAL, Confidence.CERTAIN)
        return None

    def _of_part(self, part: Part) -> Value | None:
        source, path = part.source, part.path
        if part.iterated:
            return self._yielded(source, path)
        if isinstance(source, (cst.Tuple, cst.List)) and path:
            element = source.elements[path[0]] if path[0] < len(source.elements) else None
            starred = any(isinstance(each, cst.StarredElement) for each in source.elements)
            if element is None or starred:
                return None
            return self._of_part(Part(element.value, path[1:], iterated=False))
        return _at(self.value(source), path)

    def _yielded(self, source: cst.BaseExpression, path: tuple[int, ...]) -> Value | None:
        """The part at ``path`` of what iterating over ``source`` yields."""
        if isinstance(source, cst.Call) and source.args:
            name = last_name(source.func)
            if name == "enumerate":
                inner = path[:1] == (1,)
                return self._yielded(source.args[0].value, path[1:]) if inner else None
            if name == "zip" and path:
                given = source.args[path[0]] if path[0] < len(source.args) else None
                starred = any(arg.star for arg in source.args)
                return self._yielded(given.value, path[1:]) if given and not starred else None
            if name in _ITERATING:
                return self._yielded(source.args[0].value, path)
        value = self.value(source)
        if value is not None and value.kind is Kind.LOADER:
            return _at(Value(Kind.SEVERAL, Confidence.LIKELY), path)
        return _at(_part(value), path)

    # Attributes.

    def _attribute(self, node: cst.Attribute) -> Value | None:
        name = node.attr.value
        if isinstance(node.value, cst.Name) and node.value.value == "self":
            return self._of_self(node)
        base = self.value(node.value)
        if base is None:
            return None
        if base.kind in {Kind.TENSOR, Kind.OPEN} and name in TENSOR_ATTRIBUTES:
            return base
        if base.kind is Kind.SEVERAL and name in {"values", "indices"}:
            return base.as_kind(Kind.TENSOR)
        if base.kind in _MODULE_KINDS and name in {"weight", "bias"}:
            return _LIKELY_TENSOR
        return None

    def _of_self(self, node: cst.Attribute) -> Value | None:
        owner = enclosing_class(node, self._facts)
        if owner is None:
            return None
        name = node.attr.value
        attribute = self._facts.instance_attributes.get((owner, name))
        if attribute is not None:
            return self._instance_attribute(attribute, owner)
        for statement in owner.body.body:
            if isinstance(statement, cst.FunctionDef) and statement.name.value == name:
                decorators = {last_name(each.decorator) for each in statement.decorators}
                annotation = statement.returns.annotation if statement.returns else None
                is_property = not decorators.isdisjoint({"property", "cached_property"})
                return self._annotated(annotation) if is_property else None
        return None

    def _instance_attribute(self, attribute: Attribute, owner: cst.ClassDef) -> Value | None:
        if attribute.other:
            return None
        annotated = [self._annotated(annotation) for annotation in attribute.annotations]
        if annotated and all(value is not None for value in annotated):
            return agreed(annotated)
        known = [_CERTAIN_TENSOR] if attribute.registered else []
        values = [value for value in attribute.values if not is_constant(value, "None")]
        if not values:
            return known[0] if known else None
        module = is_module_class(owner, self._facts)
        held = [self._held(value, module=module) for value in values]
        return agreed([*known, *held])

    def _held(self, node: cst.BaseExpression, *, module: bool) -> Value | None:
        """What an attribute is that ``node`` is assigned to, in a ``module`` or in another class.

        Modules are replaced and wrapped from outside, so that one is never certain.
        """
        value = self.value(node)
        if value is not None:
            return _likely(value) if value.kind in _MODULE_KINDS else value
        if module and isinstance(node, cst.Call) and looks_like_module(node, self._facts):
            return Value(Kind.MODULE, Confidence.LIKELY)
        return None

    # Calls.

    def _call(self, node: cst.Call) -> Value | None:
        names = self._facts.resolve(node.func).names
        if names:
            if not all(name.startswith(("torch.", "copy.", "einops.")) for name in names):
                return self._local_call(node)
            return agreed(self._named_call(name, node) for name in names)
        if isinstance(node.func, cst.Attribute):
            method = self._method(node, node.func)
            if method is not None:
                return method
        local = self._local_call(node)
        if local is not None:
            return local
        called = self.value(node.func)
        kind = _CALLED.get(called.kind) if called is not None else None
        return called.as_kind(kind) if called is not None and kind is not None else None

    def _named_call(self, name: str, node: cst.Call) -> Value | None:
        """What a call of the qualified ``name`` gives."""
        if name in tensor_types():
            return _CERTAIN_TENSOR
        package, _, function = name.rpartition(".")
        given = node.args[0].value if node.args else None
        if name in _WRAPPERS or name in _PASSED_ON:
            return self.value(given) if given is not None else None
        if name in DATA_LOADERS:
            return Value(Kind.LOADER, Confidence.CERTAIN)
        if package in {"torch.Tensor", "torch._tensor.Tensor"}:
            return self._result(function, node, _CERTAIN_TENSOR, skipped=1)
        if name in tensor_functions():
            return self._flagged(node)
        if name in several_functions():
            return Value(Kind.SEVERAL, Confidence.CERTAIN)
        if package == "torch":
            return self._result(function, node, _CERTAIN_TENSOR, skipped=1, known_only=True)
        if package.startswith("torch.nn") and function[:1].isupper():
            return _torch_module(name)
        return None

    def _flagged(self, node: cst.Call) -> Value:
        """A tensor, unless the call asks for indices beside it."""
        several = argument(node, "return_indices")
        kind = Kind.TENSOR if several is None else Kind.SEVERAL
        return Value(kind, Confidence.CERTAIN)

    def _method(self, node: cst.Call, func: cst.Attribute) -> Value | None:
        name = func.attr.value
        receiver = self.value(func.value)
        if receiver is None:
            torch_only = name in TORCH_ONLY_METHODS and _imports_torch(self._facts)
            return _LIKELY_TENSOR if torch_only else None
        if receiver.kind in {Kind.TENSOR, Kind.OPEN}:
            return self._result(name, node, receiver, skipped=0)
        if receiver.kind in _MODULE_KINDS and name in _MODULE_METHODS:
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
        other = self._tensor(further[0].value)
        return Kind.TENSOR if other is not None else None

    def _local_call(self, node: cst.Call) -> Value | None:
        """What a function or a class of this file gives."""
        made = local_class(node, self._facts)
        if made is not None:
            return self._local_module(made)
        called = local_function(node, self._facts)
        if called is None:
            return None
        function = called[0]
        if function.returns is not None:
            return self._annotated(function.returns.annotation)
        if function.asynchronous is not None:
            return None
        return self._all_of(returned_values(function))

    def _local_module(self, node: cst.ClassDef) -> Value | None:
        """An instance of a class of this file, if that is a module, by what ``forward`` returns."""
        if not is_module_class(node, self._facts):
            return None
        forward = forward_of(node)
        if forward is None:
            return Value(Kind.MODULE, Confidence.LIKELY)
        if forward.returns is not None:
            annotated = self._annotated(forward.returns.annotation)
            if annotated is None:
                return None
            several = annotated.kind is Kind.SEVERAL
            return Value(Kind.SEVERAL_MODULE if several else Kind.MODULE, Confidence.LIKELY)
        values = returned_values(forward)
        if any(isinstance(value, (cst.Tuple, cst.List)) for value in values):
            return Value(Kind.SEVERAL_MODULE, Confidence.LIKELY)
        output = self._all_of(values)
        return Value(Kind.MODULE, Confidence.LIKELY) if output is not None else None


def _holds_nothing(binding: Binding) -> bool:
    """Whether it is ``del x`` or ``x = None``."""
    assigned = binding.kind is BindingKind.ASSIGNMENT
    return binding.kind is BindingKind.DELETION or (assigned and is_constant(binding.value, "None"))


def _at(value: Value | None, path: tuple[int, ...]) -> Value | None:
    for _ in path:
        value = _part(value)
    return value


def _torch_module(name: str) -> Value | None:
    """An instance of one of torch's own modules."""
    if name in OTHER_MODULES:
        return None
    if name in MODULE_LISTS:
        return Value(Kind.MODULES, Confidence.LIKELY)
    kind = Kind.SEVERAL_MODULE if name in SEVERAL_MODULES else Kind.MODULE
    return Value(kind, Confidence.CERTAIN)


def _is_number(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.UnaryOperation):
        return _is_number(node.expression)
    return isinstance(node, (cst.Integer, cst.Float, cst.Imaginary))
