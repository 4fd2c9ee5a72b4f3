"""One walk over a tree: scopes, bindings, references, parents, and the nodes that rules want."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import libcst as cst

from torchdet.facts.expressions import string_value
from torchdet.facts.nesting import NestingError, check_nesting
from torchdet.facts.scope import Binding, BindingKind, Scope, ScopeKind
from torchdet.facts.walk import FIELDS, IS_NODE_TYPE


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the live rules ask the walk to keep: node types and attribute names."""

    node_types: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class DottedUse:
    """A name with the attributes read from it: ``torch.cuda.is_available`` is one use.

    ``node`` is the whole expression, except in a string annotation, where it is the string.
    ``parts`` are the names from the left.
    """

    node: cst.BaseExpression
    parts: tuple[str, ...]
    scope: Scope


@dataclass(slots=True)
class Index:
    """The outcome of the walk.

    ``evaluated_in`` tells where the value and the annotation of a binding are evaluated: not where
    the name lives, for a parameter, after ``global`` and for a walrus in a comprehension. Nothing
    in it refers back to it, so that a tree is freed without a search for garbage.
    """

    module_scope: Scope
    parents: dict[cst.CSTNode, cst.CSTNode] = field(default_factory=dict)
    scopes: dict[cst.CSTNode, Scope] = field(default_factory=dict)
    uses: dict[str, list[DottedUse]] = field(default_factory=dict)
    nodes: dict[str, list[cst.CSTNode]] = field(default_factory=dict)
    attributes: dict[str, list[cst.Attribute]] = field(default_factory=dict)
    star_imports: list[tuple[str, Scope]] = field(default_factory=list)
    evaluated_in: dict[Binding, Scope] = field(default_factory=dict)

    def bindings(self) -> Iterator[Binding]:
        """Every binding of the file, scope by scope."""
        for scope in self.scopes.values():
            for bindings in scope.bindings.values():
                yield from bindings


def build_index(module: cst.Module, wanted: Wanted) -> Index:
    """Walk ``module`` once. No rule runs meanwhile, so a later import is seen everywhere."""
    return _Walk(module, wanted).run()


def dotted_parts(node: cst.CSTNode) -> tuple[str, ...] | None:
    """``("a", "b", "c")`` for the expression ``a.b.c``, None for any other.

    >>> dotted_parts(cst.parse_expression("torch.nn"))
    ('torch', 'nn')
    """
    names: list[str] = []
    while type(node) is cst.Attribute:
        names.append(node.attr.value)
        node = node.value
    if type(node) is not cst.Name:
        return None
    names.append(node.value)
    names.reverse()
    return tuple(names)


class _Walk:
    """The traversal: a stack of (node, parent, scope), and a handler for each special type."""

    def __init__(self, module: cst.Module, wanted: Wanted) -> None:
        self._module = module
        self._node_types = wanted.node_types
        self._attribute_names = wanted.attributes
        self._index = Index(Scope(ScopeKind.MODULE, module))
        self._stack: list[tuple[cst.CSTNode, cst.CSTNode, Scope]] = []
        self._late: list[tuple[Scope, Binding]] = []

    def run(self) -> Index:
        index = self._index
        parents = index.parents
        buckets = index.nodes
        node_types = self._node_types
        handlers = _HANDLERS
        stack = self._stack
        index.scopes[self._module] = index.module_scope
        if "Module" in node_types:
            buckets["Module"] = [self._module]
        self._push(self._module.body, self._module, index.module_scope)
        while stack:
            node, parent, scope = stack.pop()
            parents[node] = parent
            node_type = type(node)
            type_name = node_type.__name__
            if type_name in node_types:
                buckets.setdefault(type_name, []).append(node)
            handler = handlers.get(type_name)
            if handler is None:
                self._push_children(node, scope)
            else:
                handler(self, node, scope)
        for scope, binding in self._late:
            scope.target(binding.name).bind(binding)
        return index

    # Pushing: the stack is last in, first out, so that children go on it from right to left.

    def _push(self, nodes: object, parent: cst.CSTNode, scope: Scope) -> None:
        """Visit ``nodes``: a node, a sequence of them, or something that holds none."""
        if isinstance(nodes, (list, tuple)):
            for node in reversed(nodes):
                self._stack.append((node, parent, scope))
        elif isinstance(nodes, cst.CSTNode):
            self._stack.append((nodes, parent, scope))

    def _push_children(self, node: cst.CSTNode, scope: Scope) -> None:
        stack = self._stack
        for name in reversed(FIELDS[type(node)]):
            value = getattr(node, name)
            if IS_NODE_TYPE[type(value)]:
                stack.append((value, node, scope))
            elif isinstance(value, (list, tuple)):
                for child in reversed(value):
                    stack.append((child, node, scope))

    def _note(self, node: cst.CSTNode, parent: cst.CSTNode) -> None:
        """Keep ``node`` as the loop of ``run`` does, when a handler looks at it itself."""
        self._index.parents[node] = parent
        type_name = type(node).__name__
        if type_name in self._node_types:
            self._index.nodes.setdefault(type_name, []).append(node)

    def _open(self, kind: ScopeKind, node: cst.CSTNode, parent: Scope) -> Scope:
        scope = Scope(kind, node, parent)
        self._index.scopes[node] = scope
        return scope

    def _bind(self, scope: Scope, binding: Binding) -> None:
        if binding.name in scope.nonlocal_names:
            self._late.append((scope, binding))
        else:
            scope.target(binding.name).bind(binding)

    def _bind_name(
        self,
        scope: Scope,
        node: cst.CSTNode | None,
        kind: BindingKind = BindingKind.OTHER,
        value: cst.BaseExpression | None = None,
        evaluated_in: Scope | None = None,
    ) -> None:
        if isinstance(node, cst.Name):
            binding = Binding(node.value, kind, node, value=value)
            self._index.evaluated_in[binding] = evaluated_in or scope
            self._bind(scope, binding)

    # References.

    def _name(self, node: cst.Name, scope: Scope) -> None:
        self._use(node, (node.value,), scope)

    def _attribute(self, node: cst.Attribute, scope: Scope) -> None:
        parents = self._index.parents
        wanted = self._attribute_names
        names: list[str] = []
        current: cst.BaseExpression = node
        while type(current) is cst.Attribute:
            name = current.attr.value
            names.append(name)
            if name in wanted:
                self._index.attributes.setdefault(name, []).append(current)
            parents[current.attr] = current
            parents[current.value] = current
            current = current.value
            if type(current) is cst.Attribute or type(current) is cst.Name:
                self._note(current, parents[current])
        if type(current) is cst.Name:
            names.append(current.value)
            names.reverse()
            self._use(node, tuple(names), scope)
        else:
            self._stack.append((current, parents[current], scope))

    def _use(self, node: cst.BaseExpression, parts: tuple[str, ...], scope: Scope) -> None:
        self._index.uses.setdefault(parts[0], []).append(DottedUse(node, parts, scope))

    def _arg(self, node: cst.Arg, scope: Scope) -> None:
        if node.keyword is not None:
            self._note(node.keyword, node)
        self._stack.append((node.value, node, scope))

    # Bindings made by expressions and simple statements.

    def _targets(
        self,
        target: cst.CSTNode,
        parent: cst.CSTNode,
        scope: Scope,
        value: cst.BaseExpression | None = None,
    ) -> None:
        """Bind the names in ``target``; what is inside attributes and subscripts is a use."""
        kind = BindingKind.OTHER if value is None else BindingKind.ASSIGNMENT
        pending = [(target, parent)]
        while pending:
            node, above = pending.pop()
            if isinstance(node, cst.Name):
                self._note(node, above)
                self._bind_name(scope, node, kind, value if node is target else None)
            elif isinstance(node, (cst.Tuple, cst.List)):
                self._note(node, above)
                for element in node.elements:
                    self._note(element, node)
                    pending.append((element.value, element))
            elif isinstance(node, cst.StarredElement):
                self._note(node, above)
                pending.append((node.value, node))
            else:
                self._stack.append((node, above, scope))

    def _assign(self, node: cst.Assign, scope: Scope) -> None:
        self._push(node.value, node, scope)
        for target in reversed(node.targets):
            self._note(target, node)
            self._targets(target.target, target, scope, node.value)

    def _ann_assign(self, node: cst.AnnAssign, scope: Scope) -> None:
        self._push(node.value, node, scope)
        self._push(node.annotation, node, scope)
        if isinstance(node.target, cst.Name):
            self._note(node.target, node)
            binding = Binding(
                node.target.value,
                BindingKind.ASSIGNMENT if node.value is not None else BindingKind.OTHER,
                node.target,
                value=node.value,
                annotation=node.annotation.annotation,
            )
            self._index.evaluated_in[binding] = scope
            self._bind(scope, binding)
        else:
            self._push(node.target, node, scope)

    def _aug_assign(self, node: cst.AugAssign, scope: Scope) -> None:
        self._push(node.value, node, scope)
        self._push(node.target, node, scope)
        self._bind_name(scope, node.target)

    def _named_expr(self, node: cst.NamedExpr, scope: Scope) -> None:
        owner = scope
        while owner.kind is ScopeKind.COMPREHENSION and owner.parent is not None:
            owner = owner.parent
        self._note(node.target, node)
        self._bind_name(owner, node.target, BindingKind.ASSIGNMENT, node.value, scope)
        self._push(node.value, node, scope)

    def _del(self, node: cst.Del, scope: Scope) -> None:
        pending: list[tuple[cst.CSTNode, cst.CSTNode]] = [(node.target, node)]
        while pending:
            target, parent = pending.pop()
            if isinstance(target, cst.Name):
                self._note(target, parent)
                self._bind_name(scope, target, BindingKind.DELETION)
            elif isinstance(target, (cst.Tuple, cst.List)):
                self._note(target, parent)
                for element in target.elements:
                    self._note(element, target)
                    pending.append((element.value, element))
            else:
                self._push(target, parent, scope)

    def _global(self, node: cst.Global, scope: Scope) -> None:
        scope.global_names.update(item.name.value for item in node.names)

    def _nonlocal(self, node: cst.Nonlocal, scope: Scope) -> None:
        scope.nonlocal_names.update(item.name.value for item in node.names)

    def _import(self, node: cst.Import, scope: Scope) -> None:
        for alias in node.names:
            self._note(alias, node)
            parts = dotted_parts(alias.name)
            if parts is None:
                continue
            if alias.asname is None:
                bound, qualified = parts[0], parts[0]
            elif isinstance(alias.asname.name, cst.Name):
                bound, qualified = alias.asname.name.value, ".".join(parts)
            else:
                continue
            self._bind(scope, Binding(bound, BindingKind.IMPORT, alias, qualified))

    def _import_from(self, node: cst.ImportFrom, scope: Scope) -> None:
        if node.module is not None:
            self._note(node.module, node)
        origin = "." * len(node.relative) + ".".join(
            (dotted_parts(node.module) or ()) if node.module is not None else ()
        )
        if isinstance(node.names, cst.ImportStar):
            self._index.star_imports.append((origin, scope))
            return
        for alias in node.names:
            self._note(alias, node)
            if not isinstance(alias.name, cst.Name):
                continue
            bound = alias.name.value
            if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
                bound = alias.asname.name.value
            separator = "" if origin.endswith(".") else "."
            qualified = f"{origin}{separator}{alias.name.value}"
            self._bind(scope, Binding(bound, BindingKind.IMPORT, alias, qualified))

    # Bindings made by compound statements.

    def _for(self, node: cst.For, scope: Scope) -> None:
        self._push(node.orelse, node, scope)
        self._push(node.body, node, scope)
        self._push(node.iter, node, scope)
        self._targets(node.target, node, scope)

    def _with_item(self, node: cst.WithItem, scope: Scope) -> None:
        if node.asname is not None:
            self._note(node.asname, node)
            self._targets(node.asname.name, node.asname, scope)
        self._push(node.item, node, scope)

    def _except(self, node: cst.ExceptHandler | cst.ExceptStarHandler, scope: Scope) -> None:
        self._push(node.body, node, scope)
        self._push(node.type, node, scope)
        if node.name is not None:
            self._note(node.name, node)
            self._targets(node.name.name, node.name, scope)

    def _capture(self, name: cst.Name | None, pattern: cst.CSTNode, scope: Scope) -> None:
        if name is not None:
            self._note(name, pattern)
            self._bind_name(scope, name)

    def _match_as(self, node: cst.MatchAs, scope: Scope) -> None:
        self._capture(node.name, node, scope)
        self._push(node.pattern, node, scope)

    def _match_star(self, node: cst.MatchStar, scope: Scope) -> None:
        self._capture(node.name, node, scope)

    def _match_mapping(self, node: cst.MatchMapping, scope: Scope) -> None:
        self._capture(node.rest, node, scope)
        self._push(node.elements, node, scope)

    def _match_keyword(self, node: cst.MatchKeywordElement, scope: Scope) -> None:
        self._note(node.key, node)
        self._push(node.pattern, node, scope)

    # Nodes that open scopes.

    def _function(self, node: cst.FunctionDef, scope: Scope) -> None:
        definition = Binding(node.name.value, BindingKind.DEFINITION, node)
        self._bind(scope, definition)
        self._index.parents[node.name] = node
        self._push(node.decorators, node, scope)
        outer = self._type_parameters(node, scope)
        inner = self._open(ScopeKind.FUNCTION, node, outer)
        self._push(node.body, node, inner)
        self._push(node.returns, node, outer)
        self._parameters(node.params, node, outer, inner)

    def _lambda(self, node: cst.Lambda, scope: Scope) -> None:
        inner = self._open(ScopeKind.FUNCTION, node, scope)
        self._push(node.body, node, inner)
        self._parameters(node.params, node, scope, inner)

    def _parameters(
        self, parameters: cst.Parameters, parent: cst.CSTNode, outer: Scope, inner: Scope
    ) -> None:
        self._note(parameters, parent)
        every = [*parameters.posonly_params, *parameters.params]
        if isinstance(parameters.star_arg, cst.Param):
            every.append(parameters.star_arg)
        every.extend(parameters.kwonly_params)
        if parameters.star_kwarg is not None:
            every.append(parameters.star_kwarg)
        for parameter in reversed(every):
            self._note(parameter, parameters)
            self._note(parameter.name, parameter)
            annotation = parameter.annotation
            binding = Binding(
                parameter.name.value,
                BindingKind.PARAMETER,
                parameter,
                value=parameter.default,
                annotation=annotation.annotation if annotation is not None else None,
            )
            self._index.evaluated_in[binding] = outer
            inner.bind(binding)
            self._push(parameter.default, parameter, outer)
            self._push(annotation, parameter, outer)

    def _class(self, node: cst.ClassDef, scope: Scope) -> None:
        self._bind(scope, Binding(node.name.value, BindingKind.DEFINITION, node))
        self._push(node.decorators, node, scope)
        outer = self._type_parameters(node, scope)
        inner = self._open(ScopeKind.CLASS, node, outer)
        self._push(node.body, node, inner)
        self._push(node.keywords, node, outer)
        self._push(node.bases, node, outer)

    def _type_alias(self, node: cst.TypeAlias, scope: Scope) -> None:
        self._bind_name(scope, node.name, BindingKind.DEFINITION)
        outer = self._type_parameters(node, scope)
        self._push(node.value, node, outer)

    def _type_parameters(
        self, node: cst.FunctionDef | cst.ClassDef | cst.TypeAlias, scope: Scope
    ) -> Scope:
        parameters = node.type_parameters
        if parameters is None:
            return scope
        inner = self._open(ScopeKind.TYPE_PARAMETERS, parameters, scope)
        self._note(parameters, node)
        for parameter in parameters.params:
            self._note(parameter, parameters)
            self._note(parameter.param, parameter)
            self._bind_name(inner, parameter.param.name)
            if isinstance(parameter.param, cst.TypeVar):
                self._push(parameter.param.bound, parameter.param, inner)
            self._push(parameter.default, parameter, inner)
        return inner

    def _comprehension(
        self, node: cst.ListComp | cst.SetComp | cst.GeneratorExp | cst.DictComp, scope: Scope
    ) -> None:
        inner = self._open(ScopeKind.COMPREHENSION, node, scope)
        for name in reversed(FIELDS[type(node)]):
            if name != "for_in":
                self._push(getattr(node, name), node, inner)
        clause: cst.CompFor | None = node.for_in
        parent: cst.CSTNode = node
        iterable_scope = scope
        while clause is not None:
            self._note(clause, parent)
            self._push(clause.ifs, clause, inner)
            self._push(clause.iter, clause, iterable_scope)
            self._targets(clause.target, clause, inner)
            parent, clause, iterable_scope = clause, clause.inner_for_in, inner

    # Annotations.

    def _annotation(self, node: cst.Annotation, scope: Scope) -> None:
        pending: list[tuple[cst.CSTNode, cst.CSTNode]] = [(node.annotation, node)]
        while pending:
            current, parent = pending.pop()
            if isinstance(current, cst.SimpleString):
                self._index.parents[current] = parent
                self._string_annotation(current, scope)
            elif isinstance(current, cst.Subscript):
                self._note(current, parent)
                pending.append((current.value, current))
                types = _count_of_types(current)
                for number, element in enumerate(current.slice):
                    self._note(element, current)
                    self._note(element.slice, element)
                    if isinstance(element.slice, cst.Index) and number < types:
                        pending.append((element.slice.value, element.slice))
                    else:
                        self._push_children(element.slice, scope)
            elif isinstance(current, cst.List):  # the parameters of a Callable
                self._note(current, parent)
                for item in current.elements:
                    self._note(item, current)
                    pending.append((item.value, item))
            elif isinstance(current, cst.BinaryOperation):
                self._note(current, parent)
                pending += [(current.right, current), (current.left, current)]
            else:
                self._push(current, parent, scope)

    def _string_annotation(self, node: cst.SimpleString, scope: Scope) -> None:
        text = string_value(node)
        if text is None or not text.strip():
            return
        if _DOTTED_NAME.fullmatch(text) is not None:  # most are, and parsing each takes time
            self._use(node, tuple(text.split(".")), scope)
            return
        try:
            check_nesting(text)
            expression = cst.parse_expression(text.strip())
        except (NestingError, cst.ParserSyntaxError, cst.CSTValidationError):
            return
        pending: list[cst.CSTNode] = [expression]
        while pending:
            current = pending.pop()
            parts = dotted_parts(current)
            if parts is not None:
                self._use(node, parts, scope)
            elif isinstance(current, cst.Subscript):
                pending += [current.value, *current.slice[: _count_of_types(current)]]
            else:
                pending.extend(current.children)


_DOTTED_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


def _count_of_types(subscript: cst.Subscript) -> int:
    """How many of the elements in the brackets are types; in the others a string is a value."""
    parts = dotted_parts(subscript.value)
    if parts is not None and parts[-1] == "Literal":
        return 0
    return 1 if parts is not None and parts[-1] == "Annotated" else len(subscript.slice)


# What is done with each node type that is more than its children.
_HANDLERS: dict[str, Callable[..., None]] = {
    "AnnAssign": _Walk._ann_assign,
    "Annotation": _Walk._annotation,
    "Arg": _Walk._arg,
    "Assign": _Walk._assign,
    "Attribute": _Walk._attribute,
    "AugAssign": _Walk._aug_assign,
    "ClassDef": _Walk._class,
    "Del": _Walk._del,
    "DictComp": _Walk._comprehension,
    "ExceptHandler": _Walk._except,
    "ExceptStarHandler": _Walk._except,
    "For": _Walk._for,
    "FunctionDef": _Walk._function,
    "GeneratorExp": _Walk._comprehension,
    "Global": _Walk._global,
    "Import": _Walk._import,
    "ImportFrom": _Walk._import_from,
    "Lambda": _Walk._lambda,
    "LazyImport": _Walk._import,
    "LazyImportFrom": _Walk._import_from,
    "ListComp": _Walk._comprehension,
    "MatchAs": _Walk._match_as,
    "MatchKeywordElement": _Walk._match_keyword,
    "MatchMapping": _Walk._match_mapping,
    "MatchStar": _Walk._match_star,
    "Name": _Walk._name,
    "NamedExpr": _Walk._named_expr,
    "Nonlocal": _Walk._nonlocal,
    "SetComp": _Walk._comprehension,
    "StarredDictComp": _Walk._comprehension,
    "TypeAlias": _Walk._type_alias,
    "WithItem": _Walk._with_item,
}
