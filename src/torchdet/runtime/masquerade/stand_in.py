"""Stand-ins for functions and classes of torch: who redirects gets ours, others the original."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol, cast

from torchdet.runtime.redirect.call_site import program_calls
from torchdet.runtime.redirect.mode import RedirectMode
from torchdet.runtime.redirect.threads import current_mode

Answer = Callable[..., object]
"""Called with the mode first, then with the program's arguments."""


class Applies(Protocol):
    """Decides whether a stand-in answers this call itself."""

    def __call__(self, mode: RedirectMode) -> bool: ...


def always(mode: RedirectMode) -> bool:  # noqa: ARG001 - the protocol's signature
    """For requests that the table places: it keeps what is not its business."""
    return True


def lacks(kind: str) -> Applies:
    """For requests to a device type, whoever makes them: torch would refuse them."""
    return lambda mode: not mode.machine.count(kind)


def lacks_any(mode: RedirectMode) -> bool:
    """For requests to whatever accelerator there is."""
    return not mode.machine.accelerators


def masquerades(mode: RedirectMode) -> bool:
    """For questions about the machine: in masquerade the program is answered as CUDA answers.

    Torch's own code is told the truth, because it acts on it.
    """
    return mode.is_masquerade and program_calls()


def _acting_mode(applies: Applies) -> RedirectMode | None:
    mode = current_mode()
    return mode if mode is not None and applies(mode) else None


def function_stand_in(
    answer: Answer, applies: Applies, *, constant: bool = False
) -> Callable[[object], object]:
    """Make the maker of a function's stand-in.

    ``constant`` says that torch.compile may call it once, while it traces.
    """

    def make(original: object) -> object:
        assert callable(original)

        @functools.wraps(original)
        def stand_in(*args: object, **kwargs: object) -> object:
            mode = _acting_mode(applies)
            if mode is None:
                return original(*args, **kwargs)
            return answer(mode, *args, **kwargs)

        if constant:
            # What torch._dynamo.assume_constant_result sets; its import would take a second.
            vars(stand_in)["_dynamo_marked_constant"] = True
        return stand_in

    return make


def argument_stand_in(
    name: str, place: Callable[[RedirectMode, object], object], applies: Applies
) -> Callable[[object], object]:
    """Make the maker of a stand-in that rewrites one argument and calls the original."""

    def place_one(mode: RedirectMode, values: dict[str, object]) -> None:
        if name in values:  # an older torch may not have the argument
            values[name] = place(mode, values[name])

    return arguments_stand_in(place_one, applies)


def arguments_stand_in(
    place: Callable[[RedirectMode, dict[str, object]], None],
    applies: Applies,
    *,
    afterwards: Callable[[RedirectMode, Mapping[str, object], object], None] | None = None,
) -> Callable[[object], object]:
    """Make the maker of a stand-in that rewrites arguments by name and calls the original.

    ``afterwards`` sees the arguments as they were, and what the original returned.
    """

    def make(original: object) -> object:
        assert callable(original)
        signature = inspect.signature(original)

        @functools.wraps(original)
        def stand_in(*args: object, **kwargs: object) -> object:
            mode = _acting_mode(applies)
            if mode is None:
                return original(*args, **kwargs)
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError:
                return original(*args, **kwargs)  # the original words its own errors
            bound.apply_defaults()
            before = dict(bound.arguments)
            place(mode, bound.arguments)
            returned = original(*bound.args, **bound.kwargs)
            if afterwards is not None:
                afterwards(mode, before, returned)
            return returned

        return stand_in

    return make


class StandInType(type):
    """The type of classes that stand in for a class of torch.

    It compares equal to the original, hashes like it and knows its instances, so dictionaries
    keyed by type and ``isinstance`` do not tell them apart. A subclass derives from the original.
    """

    original: type
    answer: Answer
    applies: Applies
    instances: Callable[[object], bool]

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, object]
    ) -> StandInType:
        real = tuple(b.original if isinstance(b, StandInType) else b for b in bases)
        if real != bases:
            # A program subclasses the stand-in: it gets a subclass of the original.
            return cast("StandInType", type(real[0])(name, real, namespace))
        return super().__new__(cls, name, bases, namespace)

    def __call__(cls, *args: object, **kwargs: object) -> object:
        mode = _acting_mode(cls.applies)
        if mode is None:
            return cls.original(*args, **kwargs)
        return cls.answer(mode, *args, **kwargs)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.original) or cls.instances(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(getattr(subclass, "original", subclass), cls.original)

    def __getattr__(cls, name: str) -> object:
        return getattr(cls.original, name)

    def __eq__(cls, other: object) -> bool:
        return other is cls or getattr(other, "original", other) is cls.original

    def __hash__(cls) -> int:
        return hash(cls.original)


def class_stand_in(
    answer: Answer,
    applies: Applies,
    instances: Callable[[object], bool] = lambda _: False,
    *,
    module: str | None = None,
    statics: Mapping[str, object] = MappingProxyType({}),
) -> Callable[[object], object]:
    """Make the maker of a class's stand-in.

    ``instances`` knows what ``answer`` returns. The class is pickled by its name, so ``module``
    says where the stand-in is, for a class that is defined elsewhere. ``statics`` are attributes
    of the class that the original may not have on this machine.
    """

    @functools.lru_cache(maxsize=8)
    def make(original: object) -> object:
        assert isinstance(original, type)
        namespace: dict[str, object] = {
            "__module__": module or original.__module__,
            "__qualname__": original.__qualname__,
            "__doc__": original.__doc__,
            "original": original,
            "answer": staticmethod(answer),
            "applies": staticmethod(applies),
            "instances": staticmethod(instances),
            **statics,
        }
        return StandInType(original.__name__, (), namespace)

    return make
