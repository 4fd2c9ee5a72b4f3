"""Arguments of the libraries around torch that choose devices, kernels or torch's switches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from torchdet.torch_api import libraries
from torchdet.torch_api.switch_setters import Setter, SwitchParameter


@dataclass(frozen=True, slots=True)
class LibraryArgument:
    """An argument of a function, class or method of ``package``.

    ``values`` are those that the row speaks of, as words or as forms that ``libraries`` names.
    ``instead`` is what to do.
    """

    package: str
    keyword: str
    position: int | None
    values: frozenset[str]
    instead: str


@cache
def card_arguments() -> Mapping[str, tuple[LibraryArgument, ...]]:
    """The arguments that pick devices by number, by the function; methods have no dot.

    >>> [each.keyword for each in card_arguments()["transformers.pipeline"]]
    ['device', 'device_map']
    """
    return _arguments("card")


@cache
def kind_arguments() -> Mapping[str, tuple[LibraryArgument, ...]]:
    """The arguments that ask for one kind of accelerator, by the function.

    >>> "gpu" in kind_arguments()["lightning.Trainer"][0].values
    True
    """
    return _arguments("kind")


def _arguments(role: str) -> Mapping[str, tuple[LibraryArgument, ...]]:
    found: dict[str, tuple[LibraryArgument, ...]] = {}
    for row in libraries.rows(role):
        values = frozenset(row.when.split())
        one = LibraryArgument(row.package, row.argument, row.position, values, row.instead)
        found[row.name] = (*found.get(row.name, ()), one)
    return found


@cache
def tuning_arguments() -> Mapping[str, LibraryArgument]:
    """What chooses kernels by timing them: the argument that lists the choices, by the function.

    >>> tuning_arguments()["triton.autotune"].keyword
    'configs'
    """
    return {name: rows[0] for name, rows in _arguments("tunes").items()}


@cache
def library_setters() -> tuple[Setter, ...]:
    """The classes of libraries that write switches of torch when an object is made.

    >>> [each.name for each in library_setters() if each.name.startswith("lightning.")][0]
    'lightning.Trainer'
    """
    found: dict[str, tuple[SwitchParameter, ...]] = {}
    for row in libraries.rows("sets"):
        parameter = SwitchParameter(row.when, row.argument, row.position)
        found[row.name] = (*found.get(row.name, ()), parameter)
    return tuple(Setter(name, written, does_more=True) for name, written in found.items())
