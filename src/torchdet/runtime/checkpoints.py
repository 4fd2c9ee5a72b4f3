"""Checkpoints from which a run goes on with equal bits, over torch's own ways to write them.

A single process writes one file with `torch.save`. Under a process group every rank takes part in
`torch.distributed.checkpoint`, which writes a folder: parameters and optimizer states once, however
they are sharded, and what belongs to a rank (its generators, its place in the data) for each rank.
"""

from __future__ import annotations

import importlib
import io
import os
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from torchdet.runtime.errors import StateError

if TYPE_CHECKING:
    from torch.nn import Module
    from torch.optim import Optimizer

    from torchdet.runtime.generator_states import State

OWN = "torchdet"
"""The entry of the generators."""

_VALUES = "values"


@runtime_checkable
class HasState(Protocol):
    """What can be saved and brought back: models, optimizers, schedulers, scalers, loaders."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: dict[str, Any], /) -> object: ...


@dataclass(frozen=True, slots=True)
class Generators:
    """The generators as a part like any other."""

    read: Callable[[], dict[str, State]]
    write: Callable[[dict[str, State]], None]

    def state_dict(self) -> dict[str, object]:
        """Return the states of this rank."""
        return dict(self.read())

    def load_state_dict(self, state_dict: dict[str, object], /) -> None:
        """Give the generators their state back."""
        self.write(cast("dict[str, State]", state_dict))


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a checkpoint holds under one key, and how it is read from the part and put back."""

    key: str
    read: Callable[[], object]
    write: Callable[[Any], object]


def save(
    torch: ModuleType, path: str | os.PathLike[str], own: HasState, parts: Mapping[str, object]
) -> None:
    """Write a checkpoint; a file that is there is replaced once the new one is whole.

    A part without `state_dict` is a plain value, which `load` returns.
    """
    stateful = {name: each for name, each in parts.items() if isinstance(each, HasState)}
    values = {name: each for name, each in parts.items() if name not in stateful}
    entries = _entries(torch, _with_own(stateful, own))
    states = {each.key: each.read() for each in entries}
    if has_process_group(torch):
        writer = importlib.import_module("torch.distributed.checkpoint")
        states[_key_of_rank(torch, _VALUES)] = _packed(torch, values)
        writer.save(states, checkpoint_id=os.fspath(path))
    else:
        _write_file(torch, Path(path), {**states, _VALUES: values})


def load(
    torch: ModuleType, path: str | os.PathLike[str], own: HasState, parts: Mapping[str, HasState]
) -> dict[str, object]:
    """Bring the parts back, the generators last, and return the plain values of the checkpoint.

    Raises `StateError`, naming the entries, where the checkpoint lacks some of the parts.
    """
    stateless = [name for name, each in parts.items() if not isinstance(each, HasState)]
    if stateless:
        raise StateError(
            f"{', '.join(stateless)}: expected something with load_state_dict; plain values are "
            "what load_checkpoint returns"
        )
    entries = _entries(torch, _with_own(parts, own))
    if has_process_group(torch):
        states = _read_folder(torch, os.fspath(path), entries)
    else:
        states = torch.load(path, map_location="cpu", weights_only=True)
        _require(entries, states, path)
    for each in entries:
        each.write(states[each.key])
    return dict(states.get(_VALUES, {}))


def has_process_group(torch: ModuleType) -> bool:
    """Tell whether this process is one of several ranks."""
    return bool(torch.distributed.is_available() and torch.distributed.is_initialized())


def _with_own(parts: Mapping[str, HasState], own: HasState) -> dict[str, HasState]:
    """Return all parts by name; the generators come last, as putting others back may draw."""
    for name in parts:
        if name in (OWN, _VALUES):
            raise StateError(
                f"{name!r} is an entry of the checkpoint's own; name the part otherwise"
            )
    return {**parts, OWN: own}


def _entries(torch: ModuleType, parts: Mapping[str, HasState]) -> list[_Entry]:
    if not has_process_group(torch):
        return [_Entry(name, each.state_dict, each.load_state_dict) for name, each in parts.items()]
    models = [each for each in parts.values() if isinstance(each, torch.nn.Module)]
    return [_entry_of_rank(torch, name, each, models) for name, each in parts.items()]


def _entry_of_rank(torch: ModuleType, name: str, part: HasState, models: list[Module]) -> _Entry:
    """Return what all ranks share of a model or an optimizer, and this rank's own of the rest."""
    states = importlib.import_module("torch.distributed.checkpoint.state_dict")
    if isinstance(part, torch.nn.Module):
        return _Entry(
            name,
            partial(states.get_model_state_dict, part),
            partial(states.set_model_state_dict, part),
        )
    if isinstance(part, torch.optim.Optimizer):
        model = _owner(name, cast("Optimizer", part), models)
        return _Entry(
            name,
            partial(states.get_optimizer_state_dict, model, part),
            partial(states.set_optimizer_state_dict, model, part),
        )
    return _Entry(
        _key_of_rank(torch, name),
        lambda: _packed(torch, part.state_dict()),
        lambda packed: part.load_state_dict(_unpacked(torch, packed)),
    )


def _key_of_rank(torch: ModuleType, name: str) -> str:
    return f"{name}.rank{torch.distributed.get_rank()}"


def _owner(name: str, optimizer: Optimizer, models: list[Module]) -> Module:
    """Return the model whose parameters an optimizer updates: its states go by their names."""
    updated = {id(each) for group in optimizer.param_groups for each in group["params"]}
    for model in models:
        if updated <= {id(each) for each in model.parameters()}:
            return model
    raise StateError(
        f"{name}: none of the models of this checkpoint has the parameters that this optimizer "
        "updates; name its model beside it"
    )


# --- files and folders ---------------------------------------------------------------------------


def _write_file(torch: ModuleType, target: Path, content: Mapping[str, object]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        torch.save(dict(content), unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _read_folder(torch: ModuleType, path: str, entries: Iterable[_Entry]) -> dict[str, Any]:
    """Read a distributed checkpoint into the shapes that the parts have now."""
    module = importlib.import_module("torch.distributed.checkpoint")
    written = module.FileSystemReader(path).read_metadata().state_dict_metadata
    keys = {name[: len(each.key)] for each in entries for name in written if _is_of(name, each.key)}
    _require(entries, keys, path)
    states: dict[str, Any] = {each.key: each.read() for each in entries}
    states[_key_of_rank(torch, _VALUES)] = b""
    module.load(states, checkpoint_id=path)
    states[_VALUES] = _unpacked(torch, states[_key_of_rank(torch, _VALUES)])
    return states


def _is_of(name: str, key: str) -> bool:
    return name == key or name.startswith(f"{key}.")


def _require(
    entries: Iterable[_Entry], written: Container[str], path: str | os.PathLike[str]
) -> None:
    missing = [each.key for each in entries if each.key not in written]
    if missing:
        raise StateError(
            f"{os.fspath(path)} has no entry {', '.join(map(repr, missing))}; load the parts under "
            "the names that they were saved by, with as many ranks"
        )


def _packed(torch: ModuleType, state: object) -> bytes:
    """Return a state as one value, which is of one rank and is not split."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def _unpacked(torch: ModuleType, packed: bytes) -> dict[str, object]:
    state: dict[str, object] = torch.load(io.BytesIO(packed), map_location="cpu", weights_only=True)
    return state
