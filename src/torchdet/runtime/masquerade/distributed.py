"""``torch.distributed`` where the devices that a program names for it are not there.

Backends, meshes and the devices of a process follow the table; what torch does with them is its
own. A tensor lies where a collective's backend can reach it, because both went the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch.distributed import device_mesh, distributed_c10d, fsdp

from torchdet.runtime.devices import ACCELERATOR_TYPES, RedirectionRow
from torchdet.runtime.masquerade.stand_in import (
    argument_stand_in,
    arguments_stand_in,
    function_stand_in,
    masquerades,
)
from torchdet.runtime.redirect.call_site import Caller, caller
from torchdet.runtime.redirect.mode import RedirectMode
from torchdet.runtime.redirect.replacements import Replacement
from torchdet.runtime.redirect.report import SITES, Redirected

_BACKEND_OF_TYPE = {"cuda": "nccl", "xpu": "xccl"}
_TYPE_OF_BACKEND = {"nccl": "cuda", "xccl": "xpu"}
_FALLBACK = "gloo"

# The process groups that were asked for as NCCL's, by name; a group keeps its name for good.
_asked_for_nccl: set[str] = set()


def replacements() -> list[Replacement]:
    """Return the replacements, for a torch that is built with ``torch.distributed``."""
    made: list[Replacement] = []

    def replace(names: Sequence[str], make: Callable[[object], object]) -> None:
        owners = (dist, distributed_c10d)
        made.extend(Replacement(owner, name, make) for name in names for owner in owners)

    replace(("init_process_group", "new_group"), _group_maker)
    replace(("new_subgroups", "new_subgroups_by_enumeration"), _argument("backend", backend))
    objects = ("broadcast_object_list", "recv_object_list", "send_object_list")
    replace(objects, _argument("device", _object_device))
    replace(("barrier",), _argument("device_ids", _device_ids))
    replace(("get_backend",), _get_backend)
    replace(("is_nccl_available",), function_stand_in(lambda mode: True, masquerades))  # noqa: ARG005
    mesh = _argument("device_type", _mesh_type)
    made += [
        Replacement(dist, "init_device_mesh", mesh),
        Replacement(device_mesh, "init_device_mesh", mesh),
        Replacement(device_mesh.DeviceMesh, "__init__", mesh),
        Replacement(
            fsdp.FullyShardedDataParallel, "__init__", _argument("device_id", _fsdp_device)
        ),
        Replacement(torch.nn.parallel.DistributedDataParallel, "__init__", _distributed_module),
    ]
    return made


def _argument(
    name: str, place: Callable[[RedirectMode, object], object]
) -> Callable[[object], object]:
    return argument_stand_in(name, place, _misses_a_type)


def _misses_a_type(mode: RedirectMode) -> bool:
    return not all(mode.machine.count(kind) for kind in ("cuda", "xpu"))


# --- backends ---------------------------------------------------------------------------------


class _Backends(NamedTuple):
    """What a program asked for, by device type; the type is empty where it named none."""

    by_type: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, text: str) -> _Backends:
        pairs = [each.rpartition(":") for each in text.lower().split(",")]
        return cls(tuple((kind, name) for kind, _, name in pairs))


def backend(mode: RedirectMode, asked: object) -> object:
    """Return the backend that serves in place of one whose devices are not there.

    ``"nccl"`` becomes ``"gloo"`` on the CPU, and so does ``"cpu:gloo,cuda:nccl"``.
    """
    if not isinstance(asked, str):
        return asked
    served: dict[str, str] = {}
    for kind, name in _Backends.of(asked).by_type:
        needed = _TYPE_OF_BACKEND.get(name, kind)
        missing = needed in ACCELERATOR_TYPES and not mode.machine.count(needed)
        if missing:
            home = mode.home.type
            served[home if kind else ""] = _BACKEND_OF_TYPE.get(home, _FALLBACK)
        else:
            served[kind] = name
    if "" in served or len(served) == 1:
        given = next(iter(served.values()))
    else:
        given = ",".join(f"{kind}:{name}" for kind, name in served.items())
    if given != asked:
        what = Redirected(asked, given, RedirectionRow.ACCELERATOR)
        SITES.redirected(caller().line, dist.init_process_group, what)
    return given


def _group_maker(original: object) -> object:
    """Make the stand-in of a function that makes a process group."""

    def place(mode: RedirectMode, values: dict[str, object]) -> None:
        asked = values.get("backend")
        values["backend"] = backend(mode, asked)
        values["device_id"] = _rank_device(mode, values.get("device_id"))
        if values["backend"] != asked:
            values["pg_options"] = None  # they are the other backend's

    def remember(mode: RedirectMode, values: Mapping[str, object], made: object) -> None:
        if mode.is_masquerade and "nccl" in str(values.get("backend")):
            group = made if made is not None else dist.group.WORLD
            _asked_for_nccl.add(str(getattr(group, "group_name", "")))

    return arguments_stand_in(place, _misses_a_type, afterwards=remember)(original)


def _get_backend(original: object) -> object:
    assert callable(original)

    def answer(mode: RedirectMode, group: object = None) -> object:  # noqa: ARG001
        name = str(getattr(group or dist.group.WORLD, "group_name", ""))
        return "nccl" if name in _asked_for_nccl else original(group)

    return function_stand_in(answer, masquerades)(original)


# --- devices ----------------------------------------------------------------------------------


def _rank_device(
    mode: RedirectMode, asked: object, function: object = dist.init_process_group
) -> object:
    """Place the device of this process; None where a backend binds none."""
    if not isinstance(asked, (int, str, torch.device)):
        return asked
    placed = mode.explicit(asked, function, _asking()) or asked
    is_bound = not isinstance(placed, torch.device) or placed.type in _BACKEND_OF_TYPE
    return placed if is_bound else None


def _fsdp_device(mode: RedirectMode, asked: object) -> object:
    """Place the device of a sharded module; without one torch looks for an accelerator."""
    on_host = mode.home.type == "cpu"
    return mode.home if on_host else _rank_device(mode, asked, fsdp.FullyShardedDataParallel)


def _object_device(mode: RedirectMode, asked: object) -> object:
    """Place the device by whose memory pickled objects travel; a backend knows its own best."""
    return _rank_device(mode, asked, dist.broadcast_object_list)


def _device_ids(mode: RedirectMode, asked: object, function: object = dist.barrier) -> object:
    if not isinstance(asked, (list, tuple)):
        return asked
    placed = [_rank_device(mode, each, function) for each in asked]
    return None if None in placed else [getattr(each, "index", each) for each in placed]


def _mesh_type(mode: RedirectMode, asked: object) -> object:
    if not isinstance(asked, str):
        return asked
    placed = mode.explicit(asked, device_mesh.init_device_mesh, _asking())
    return asked if placed is None else placed.type


def _distributed_module(original: object) -> object:
    """Make the stand-in of ``DistributedDataParallel.__init__``."""

    function = torch.nn.parallel.DistributedDataParallel

    def place(mode: RedirectMode, values: dict[str, object]) -> None:
        values["device_ids"] = _device_ids(mode, values.get("device_ids"), function)
        if values["device_ids"] is None:
            values["output_device"] = None  # torch takes one only with the other
        else:
            values["output_device"] = _rank_device(mode, values.get("output_device"), function)

    return arguments_stand_in(place, _misses_a_type)(original)


def _asking() -> Caller:
    """The program's line; these functions exist to pass its devices on, whoever calls them."""
    return Caller(caller().line)
