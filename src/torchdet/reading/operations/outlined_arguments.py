"""What a call in an outline passes, for the conditions of the catalogue."""

from __future__ import annotations

import ast

from torchdet.facts.screen import Mention, Outline
from torchdet.torch_api.condition_language import Absent, Opaque, Truth, Value
from torchdet.torch_api.signatures import NUMPY_KEYWORDS, Signature

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class OutlinedArguments:
    """The arguments of the call at ``mention``, as far as they are literals.

    Whatever is known here is known to ``CallArguments`` too, and the same there. ``unsure`` is
    whether anything was asked that may be known there, but is not here.
    """

    def __init__(
        self,
        mention: Mention,
        outline: Outline,
        signature: Signature | None,
        usual: Truth = Truth.UNKNOWN,
    ) -> None:
        assert mention.call is not None
        self._outline = outline
        self._call = mention.call
        self._around = mention.around
        self._signature = signature
        self.usual = usual
        self._unpacks = any(isinstance(each, ast.Starred) for each in mention.call.args) or any(
            keyword.arg is None for keyword in mention.call.keywords
        )
        self.unsure = self._unpacks

    def _expression(self, name: str) -> ast.expr | None:
        """What the call passes as ``name``."""
        parameter = self._signature.parameters.get(name) if self._signature is not None else None
        if parameter is None:
            return None
        spellings = (name, NUMPY_KEYWORDS.get(name))
        for keyword in self._call.keywords:
            if keyword.arg is not None and keyword.arg in spellings:
                return keyword.value
        position = parameter.position
        if position is not None and position < len(self._call.args):
            return self._call.args[position]
        return None

    def value(self, argument: str) -> Value:
        """The value of ``argument``; its default where the call leaves it out."""
        if self._signature is None:
            return Opaque()
        if argument in self._signature.fixed:
            return self._signature.fixed[argument]
        if self._unpacks:
            return Opaque()
        expression = self._expression(argument)
        if expression is not None:
            return self._folded(expression)
        parameter = self._signature.parameters.get(argument)
        return parameter.default if parameter is not None else Absent()

    def passed(self, argument: str) -> Truth:
        """Whether the call passes ``argument`` itself."""
        if self._unpacks:
            return Truth.UNKNOWN
        return Truth.of(self._expression(argument) is not None)

    def is_tensor(self, argument: str) -> Truth:
        """Whether the value of ``argument`` is a tensor; no literal is one."""
        return self._unknown() if isinstance(self.value(argument), Opaque) else Truth.FALSE

    def has_dims(self, argument: str, least: int) -> Truth:
        """Not known of any argument."""
        del argument, least
        return self._unknown()

    def is_integral(self, argument: str) -> Truth:
        """Not known of any argument."""
        del argument
        return self._unknown()

    def _unknown(self) -> Truth:
        self.unsure = True
        return Truth.UNKNOWN

    def _folded(self, node: ast.expr) -> Value:
        """The value of a literal, or of a tuple or list of such."""
        if isinstance(node, ast.Constant):
            value = node.value
            return value if value is None or isinstance(value, (str, int, float)) else Opaque()
        if isinstance(node, (ast.Tuple, ast.List)):
            if any(isinstance(element, ast.Starred) for element in node.elts):
                return Opaque()
            return tuple(self._folded(element) for element in node.elts)
        self.unsure = self.unsure or not self._is_open_parameter(node)
        return Opaque()

    def _is_open_parameter(self, node: ast.expr) -> bool:
        """Whether it is a parameter without a default, of a function that the file never calls."""
        function = next((each for each in self._around if isinstance(each, _FUNCTIONS)), None)
        if not isinstance(node, ast.Name) or function is None:
            return False
        if not isinstance(function, ast.Lambda) and self._may_be_called(function.name):
            return False
        parameters = function.args
        every = [*parameters.posonlyargs, *parameters.args]
        without = every[: len(every) - len(parameters.defaults)]
        without += [
            parameter
            for parameter, default in zip(
                parameters.kwonlyargs, parameters.kw_defaults, strict=True
            )
            if default is None
        ]
        return node.id in {parameter.arg for parameter in without}

    def _may_be_called(self, function: str) -> bool:
        """Whether the file mentions ``function``; a class is called by names of any kind."""
        outline = self._outline
        return function == "__init__" or function in outline.uses or function in outline.attributes
