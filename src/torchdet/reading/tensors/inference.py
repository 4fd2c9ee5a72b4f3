"""Whether an expression is a torch tensor, as far as its own file tells.

Asked for the few expressions that a rule is about to report, never for all. The answer follows
the definitions that a name can see, attributes of ``self`` to what their class stores, and calls
to what the function is known to return. All must agree, and what is not known to be a tensor is
none: a data frame's ``median()`` and a list's ``sort()`` never count.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias
from weakref import WeakKeyDictionary

from torchdet.facts.expressions import is_constant, last_name
from torchdet.facts.fixed_point import FixedPoint
from torchdet.facts.flow.containers import comprehension_elements, elements_at
from torchdet.facts.flow.definitions import Definition, DefinitionKind, Each, Item, Path, Rest, Step
from torchdet.facts.lazy import cst
from torchdet.model.diagnostic import Confidence
from torchdet.reading.tensors.call_results import CallResults, imports_torch
from torchdet.reading.tensors.module_classes import is_module_class, looks_like_module
from torchdet.reading.tensors.tensor_annotations import annotated_as
from torchdet.reading.tensors.tensor_checks import checked_on_way
from torchdet.reading.tensors.tensor_parameters import takes_tensor
from torchdet.reading.tensors.value_kinds import (
    CERTAIN_TENSOR,
    LIKELY_TENSOR,
    MODULE_KINDS,
    OPEN,
    Kind,
    Value,
    agreed,
    part,
)
from torchdet.torch_api.returns import TENSOR_ATTRIBUTES, TORCH_ONLY_METHODS

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.flow.attributes import Stored

# What has a kind: an expression, a parameter, what a function returns, an attribute of a class.
_Key: TypeAlias = "cst.CSTNode | tuple[cst.ClassDef, str]"
_Table: TypeAlias = "dict[_Key, Value | None]"

_TENSOR_REGISTERING = frozenset({"register_buffer", "register_parameter"})
_ITERATING = frozenset({"iter", "list", "reversed", "tqdm", "track", "trange", "tuple"})
_BOUND_TO_VALUE = frozenset(
    {
        *(DefinitionKind.ASSIGNMENT, DefinitionKind.ANNOTATED, DefinitionKind.WALRUS),
        *(DefinitionKind.LOOP, DefinitionKind.COMPREHENSION),
    }
)


def tensor_confidence(expression: cst.BaseExpression, facts: FileFacts) -> Confidence | None:
    """How sure it is that ``expression`` is a tensor; None where the file does not tell.

    It may also be ``None``, on which nothing that a rule asks about can be called.

    CERTAIN: a torch call that returns a tensor, a parameter, a buffer, what is annotated as a
    tensor or was found to be one by ``isinstance``, and arithmetic, methods and parts of such.
    LIKELY: an unannotated input of ``forward``, the output of a module that the class holds, what
    a data loader yields, what only a tensor can be because of the method that is called on it or
    of how the function uses its parameter, and the like.
    """
    value = inferred_value(expression, facts)
    if value is None:
        return Confidence.LIKELY if _is_receiver_of_torch(expression, facts) else None
    return value.confidence if value.kind is Kind.TENSOR else None


def inferred_value(expression: cst.BaseExpression, facts: FileFacts) -> Value | None:
    """What ``expression`` is: a tensor, a module, several; None where the file does not tell."""
    return _Inference(facts).of(expression)


def _is_receiver_of_torch(expression: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether a method is called on ``expression`` that only tensors have."""
    attribute = facts.index.parents.get(expression)
    if not isinstance(attribute, cst.Attribute) or attribute.value is not expression:
        return False
    call = facts.parent(attribute)
    called = isinstance(call, cst.Call) and call.func is attribute
    named = attribute.attr.value in TORCH_ONLY_METHODS
    return called and named and not facts.resolve(expression).names and imports_torch(facts)


# What was found in each file; it holds nodes only, so that the file can be dropped.
_known: WeakKeyDictionary[FileFacts, _Table] = WeakKeyDictionary()


class _Inference:
    """What values are, each worked out once a file."""

    def __init__(self, facts: FileFacts) -> None:
        self._facts = facts
        known = _known.setdefault(facts, {})
        self._answers: FixedPoint[_Key, Value | None] = FixedPoint(
            known, OPEN, lambda old, new: agreed((old, new))
        )
        self._value = self._answers.ask
        self._calls = CallResults(facts, self._value)
        text = facts.source.text
        self._has_checks = "isinstance" in text or "is_tensor" in text

    def of(self, expression: cst.BaseExpression) -> Value | None:
        """What ``expression`` is; None for what is not known."""
        found = self._answers.of(expression, self._evaluate)
        return found if found is not None and found.kind is not Kind.OPEN else None

    def _evaluate(self, key: _Key) -> Value | None:
        if isinstance(key, tuple):
            return self._of_attribute(*key)
        if isinstance(key, cst.Name):
            return self._name(key)
        if isinstance(key, cst.Call):
            return self._calls.of_call(key)
        if isinstance(key, cst.Attribute):
            return self._attribute(key)
        if isinstance(key, cst.Subscript):
            return self._subscript(key)
        if isinstance(key, cst.Param):
            return self._parameter(key)
        if isinstance(key, cst.FunctionDef):
            return self._calls.of_function(key)
        if isinstance(key, cst.ClassDef):
            return self._calls.of_instance(key)
        return self._operation(key)

    def _operation(self, node: cst.CSTNode) -> Value | None:
        if isinstance(node, cst.BinaryOperation):
            return self._arithmetic(node.left, node.right)
        if isinstance(node, cst.UnaryOperation):
            negated = isinstance(node.operator, cst.Not)
            return None if negated else self._tensor(node.expression)
        if isinstance(node, cst.Comparison) and len(node.comparisons) == 1:
            return self._comparison(node)
        if isinstance(node, cst.IfExp):
            return self._all_of((node.body, node.orelse))
        if isinstance(node, cst.BooleanOperation):
            return self._all_of((node.left, node.right))
        if isinstance(node, cst.NamedExpr):
            return self._value(node.value)
        return self._container(node)

    def _all_of(self, nodes: Iterable[cst.BaseExpression]) -> Value | None:
        """What every one of ``nodes`` is, ``None`` left out."""
        values = [self._value(node) for node in nodes if not is_constant(node, "None")]
        return agreed(values) if values else None

    def _tensor(self, node: cst.BaseExpression) -> Value | None:
        value = self._value(node)
        return value if value is not None and value.kind in {Kind.TENSOR, Kind.OPEN} else None

    # Operators.

    def _arithmetic(self, left: cst.BaseExpression, right: cst.BaseExpression) -> Value | None:
        first = self._tensor(left)
        if first is not None:
            return first
        second = self._tensor(right)
        if second is None or _is_number(left):
            return second
        return second.likely  # an array on the left would make it an array

    def _comparison(self, node: cst.Comparison) -> Value | None:
        target = node.comparisons[0]
        if isinstance(target.operator, (cst.In, cst.NotIn, cst.Is, cst.IsNot)):
            return None
        value = self._arithmetic(node.left, target.comparator)
        if value is None or not isinstance(target.operator, (cst.Equal, cst.NotEqual)):
            return value
        sides = (node.left, target.comparator)
        comparable = all(_is_number(side) or self._tensor(side) is not None for side in sides)
        return value if comparable else value.likely  # `x == (1, 2)` is plain False

    # Containers.

    def _container(self, node: cst.CSTNode) -> Value | None:
        """Several tensors where each element is one; a list may change later."""
        if isinstance(node, (cst.Tuple, cst.List)):
            elements = [self._element(each) for each in node.elements]
        elif isinstance(node, (cst.ListComp, cst.GeneratorExp)):
            elements = [self._tensor(node.elt)]
        else:
            return None
        value = agreed(elements) if elements else None
        if value is None:
            return None
        several = value.as_kind(Kind.SEVERAL)
        return several if isinstance(node, cst.Tuple) else several.likely

    def _element(self, element: cst.BaseElement) -> Value | None:
        if isinstance(element, cst.StarredElement):
            value = part(self._value(element.value))
            return value if value is not None and value.kind is not Kind.MODULE else None
        return self._tensor(element.value)

    def _subscript(self, node: cst.Subscript) -> Value | None:
        value = self._value(node.value)
        element = node.slice[0].slice if len(node.slice) == 1 else None
        if value is not None and value.kind is not Kind.TENSOR and isinstance(element, cst.Slice):
            return value
        return None if value is not None and value.kind is Kind.LOADER else part(value)

    def _at(self, node: cst.BaseExpression, path: Path) -> Value | None:
        """The part of ``node`` that ``path`` leads to."""
        if not path:
            return self._value(node)
        step, rest = path[0], path[1:]
        if not isinstance(step, (Item, Each, Rest)):
            return None
        if isinstance(node, (cst.Tuple, cst.List)):
            found = [self._at(each, (*inner, *rest)) for each, inner in elements_at(node, step)]
            value = agreed(found) if found else None
            several = value is not None and value.kind is Kind.TENSOR and isinstance(step, Rest)
            return value.as_kind(Kind.SEVERAL) if value is not None and several else value
        element = comprehension_elements(node)
        if element is not None and isinstance(step, Each):
            return self._at(element, rest)
        if isinstance(node, cst.Call) and node.args and isinstance(step, Each):
            yielded = self._yielded(node, rest)
            if yielded is not None:
                return self._at(*yielded) if yielded[1] else None
        value = self._value(node)
        for each in path:
            value = _after(value, each)
        return value

    def _yielded(self, call: cst.Call, rest: Path) -> tuple[cst.BaseExpression, Path] | None:
        """What a built-in that iterates over its arguments passes on; no path for nothing."""
        name, first = last_name(call.func), call.args[0].value
        if name in _ITERATING:
            return first, (Each(), *rest)
        place = rest[0] if rest else None
        key = place.key if isinstance(place, Item) and isinstance(place.key, int) else None
        if name == "enumerate":
            return first, (Each(), *rest[1:]) if key == 1 else ()
        if name == "zip":
            starred = any(arg.star for arg in call.args)
            if key is None or starred or not 0 <= key < len(call.args):
                return first, ()
            return call.args[key].value, (Each(), *rest[1:])
        return None

    # Names.

    def _name(self, node: cst.Name) -> Value | None:
        flow = self._facts.flow
        reaching = flow.definitions(node)
        if reaching.unknown:
            return None
        values = [
            self._reaching(node, each, several=len(reaching.definitions) > 1)
            for each in reaching.definitions
            if not _holds_nothing(each)
        ]
        return agreed(values) if values else None

    def _reaching(self, use: cst.Name, definition: Definition, *, several: bool) -> Value | None:
        """What ``definition`` gives to ``use``."""
        if self._has_checks:
            verdicts = checked_on_way(use, definition, self._facts, several=several)
            if verdicts:
                return CERTAIN_TENSOR if verdicts == {True} else None
        return self._definition(definition)

    def _definition(self, definition: Definition) -> Value | None:
        annotated = annotated_as(definition.annotation, self._facts)
        if annotated is not None:
            return annotated
        if isinstance(definition.node, cst.Param):
            return self._value(definition.node)
        if definition.kind is DefinitionKind.AUGMENTED:
            statement = self._facts.parent(definition.node)
            if isinstance(statement, cst.AugAssign):
                return self._arithmetic(statement.target, statement.value)
        if definition.value is None or definition.kind not in _BOUND_TO_VALUE:
            return None
        return self._at(definition.value, definition.path)

    def _parameter(self, parameter: cst.Param) -> Value | None:
        """What an unannotated parameter is, by its uses, or by what all its callers give."""
        facts = self._facts
        if takes_tensor(parameter, facts):
            return LIKELY_TENSOR
        if parameter.annotation is not None or parameter.star:
            return None
        if parameter.name.value.endswith("loader"):
            return Value(Kind.LOADER, Confidence.LIKELY)
        function = facts.parent(facts.parent(parameter))
        if not isinstance(function, cst.FunctionDef):
            return None
        callers = facts.flow.callers(function)
        if not callers.complete or any(facts.flow.hides(call) for call in callers.calls):
            return None
        given = [facts.flow.given(call, parameter) for call in callers.calls]
        nodes = [each if each is not None else parameter.default for each in given]
        known = [each for each in nodes if each is not None]
        return self._all_of(known) if len(known) == len(nodes) else None

    # Attributes.

    def _attribute(self, node: cst.Attribute) -> Value | None:
        name = node.attr.value
        owner = self._facts.flow.class_of_self(node.value)
        if owner is not None:
            return self._value((owner, name))
        base = self._value(node.value)
        if base is None or base.kind is Kind.OPEN:
            return base
        if base.kind is Kind.TENSOR and name in TENSOR_ATTRIBUTES:
            return base
        if base.kind is Kind.SEVERAL and name in {"values", "indices"}:
            return base.as_kind(Kind.TENSOR)
        if base.kind in MODULE_KINDS and name in {"weight", "bias"}:
            return LIKELY_TENSOR
        return None

    def _of_attribute(self, owner: cst.ClassDef, name: str) -> Value | None:
        """What the attribute ``name`` of the instances of ``owner`` is."""
        facts = self._facts
        places, _ = facts.flow.attributes.stored(owner, name)
        stored = [each for each in places if not self._only_changes(each)]
        if not stored:
            method = facts.flow.attributes.method(owner, name)
            return self._value(method) if method is not None and _is_property(method) else None
        annotated = [
            annotated_as(each.annotation, facts) for each in stored if each.annotation is not None
        ]
        if annotated and all(value is not None for value in annotated):
            return agreed(annotated)
        module = is_module_class(owner, facts)
        held = [
            self._held(each, module=module)
            for each in stored
            if each.registered in _TENSOR_REGISTERING
            or (
                (each.annotation is None or each.value is not None)
                and not is_constant(each.value, "None")
            )
        ]
        return agreed(held) if held else None

    def _only_changes(self, stored: Stored) -> bool:
        return isinstance(self._facts.index.parents.get(stored.node), cst.AugAssign)

    def _held(self, stored: Stored, *, module: bool) -> Value | None:
        """What an attribute of a ``module``, or of another class, gets there.

        Modules are replaced and wrapped from outside, so that one is never certain.
        """
        if stored.registered in _TENSOR_REGISTERING:
            return CERTAIN_TENSOR
        node = stored.value
        if node is None:
            return None
        value = self._at(node, stored.path)
        if value is not None:
            return value.likely if value.kind in MODULE_KINDS else value
        if module and isinstance(node, cst.Call) and looks_like_module(node, self._facts):
            return Value(Kind.MODULE, Confidence.LIKELY)
        return None


def _is_property(method: cst.FunctionDef) -> bool:
    decorators = {last_name(each.decorator) for each in method.decorators}
    return not decorators.isdisjoint({"property", "cached_property"})


def _holds_nothing(definition: Definition) -> bool:
    """Whether it is ``del x`` or ``x = None``."""
    if definition.kind is DefinitionKind.DELETION:
        return True
    return definition.kind in _BOUND_TO_VALUE and is_constant(definition.value, "None")


def _after(value: Value | None, step: Step) -> Value | None:
    """What is left of ``value`` behind one step into it."""
    if isinstance(step, Rest):
        return value if value is not None and value.kind is not Kind.LOADER else None
    return part(value)


def _is_number(node: cst.BaseExpression) -> bool:
    while isinstance(node, cst.UnaryOperation):
        node = node.expression
    return isinstance(node, (cst.Integer, cst.Float, cst.Imaginary))
