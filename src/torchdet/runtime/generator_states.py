"""The state of every generator that a program draws from, as plain data and tensors.

`torch.load(..., weights_only=True)` reads what is written here.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Union, cast

from torchdet.runtime.devices import ACCELERATOR_TYPES
from torchdet.runtime.errors import StateError
from torchdet.runtime.seeding import held_generators, numpy_if_installed

if TYPE_CHECKING:
    from torch import Tensor

State = Union[None, bool, int, float, str, "Tensor", list["State"], dict[str, "State"]]
"""What a checkpoint holds of a generator."""

_ARRAY = "array"


def read_generators(torch: ModuleType) -> dict[str, State]:
    """Return the states of the generators of Python, NumPy, torch and every device in use.

    An accelerator that nothing has used has no state yet, and is not initialised for it.
    """
    states: dict[str, State] = {
        "python": _of_python(random),
        "torch": cast("Tensor", torch.get_rng_state()),
    }
    numpy = numpy_if_installed()
    if numpy is not None:
        states["numpy"] = _plain(numpy.random.get_state(legacy=False))
    for kind, module in _accelerators(torch):
        states[kind] = list(_all_states(module))
    return states


def write_generators(torch: ModuleType, states: Mapping[str, State]) -> None:
    """Give every generator the state that `read_generators` returned.

    Raises `StateError` where the states are of more devices than there are here.
    """
    _to_python(random, states["python"])
    torch.set_rng_state(states["torch"])
    numpy = numpy_if_installed()
    if numpy is not None and "numpy" in states:
        numpy.random.set_state(_native(states["numpy"]))
    for kind in ACCELERATOR_TYPES:
        if kind in states:
            _set_all_states(torch, kind, cast("list[Tensor]", states[kind]))


@contextmanager
def isolated(torch: ModuleType) -> Iterator[None]:
    """Give every generator its state back at the end of the block."""
    before = read_generators(torch)
    try:
        yield
    finally:
        write_generators(torch, before)


def read_held_generators(dataset: object) -> dict[str, State]:
    """Return the states of the generators that a data set carries along, by their places in it."""
    return {place: _of_held(each) for place, each in held_generators(dataset)}


def write_held_generators(dataset: object, states: Mapping[str, State]) -> None:
    """Give the generators of a data set the states that `read_held_generators` returned."""
    for place, each in held_generators(dataset):
        if place in states:
            _to_held(each, states[place])


# --- devices -------------------------------------------------------------------------------------


def _accelerators(torch: ModuleType) -> Iterator[tuple[str, ModuleType]]:
    for kind in ACCELERATOR_TYPES:
        module = getattr(torch, kind, None)
        is_used = module is not None and getattr(module, "is_initialized", lambda: True)()
        if module is not None and is_used and module.device_count():
            yield kind, module


def _all_states(module: ModuleType) -> list[Tensor]:
    if hasattr(module, "get_rng_state_all"):
        return list(module.get_rng_state_all())
    return [module.get_rng_state()]


def _set_all_states(torch: ModuleType, kind: str, states: list[Tensor]) -> None:
    module = getattr(torch, kind)
    count = module.device_count()
    if len(states) > count:
        raise StateError(
            f"this state holds the generators of {len(states)} {kind} devices, and there are "
            f"{count} here; go on with as many, or load with strict=False"
        )
    if hasattr(module, "set_rng_state_all"):
        module.set_rng_state_all(states)
    else:
        module.set_rng_state(states[0])


# --- Python and NumPy ----------------------------------------------------------------------------


def _of_python(generator: ModuleType | random.Random) -> State:
    version, words, gauss = generator.getstate()
    return [version, list(words), gauss]


def _to_python(generator: ModuleType | random.Random, state: State) -> None:
    version, words, gauss = cast("tuple[int, list[int], float | None]", state)
    generator.setstate((version, tuple(words), gauss))


def _plain(value: object) -> State:
    """Turn what NumPy says of a generator into lists and numbers."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return {_ARRAY: str(value.dtype), "values": value.tolist()}
    return cast("State", value)


def _native(state: State) -> object:
    if not isinstance(state, dict):
        return state
    if _ARRAY in state:
        return sys.modules["numpy"].array(state["values"], dtype=state[_ARRAY])
    return {name: _native(each) for name, each in state.items()}


# --- generators that a data set holds ------------------------------------------------------------


def _of_held(generator: object) -> State:
    if isinstance(generator, random.Random):
        return _of_python(generator)
    if hasattr(generator, "bit_generator"):
        return _plain(generator.bit_generator.state)
    if isinstance(generator, sys.modules["torch"].Generator):
        return cast("Tensor", generator.get_state())
    return _plain(generator.get_state(legacy=False))  # type: ignore[attr-defined]  # RandomState


def _to_held(generator: object, state: State) -> None:
    if isinstance(generator, random.Random):
        _to_python(generator, state)
    elif hasattr(generator, "bit_generator"):
        generator.bit_generator.state = _native(state)
    elif isinstance(generator, sys.modules["torch"].Generator):
        generator.set_state(state)
    else:
        generator.set_state(_native(state))  # type: ignore[attr-defined]  # RandomState
