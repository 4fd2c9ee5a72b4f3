"""Storages: memory without a shape, which torch shows to no override mode."""

from __future__ import annotations

import torch

from torchdet.runtime.masquerade.stand_in import always, function_stand_in, masquerades
from torchdet.runtime.redirect.call_site import program_reads
from torchdet.runtime.redirect.mode import RedirectMode
from torchdet.runtime.redirect.replacements import Replacement
from torchdet.runtime.redirect.threads import current_mode


def replacements() -> list[Replacement]:
    """Return the replacements for making, moving and asking storages."""
    base = torch.storage._StorageBase
    return [
        Replacement(torch.UntypedStorage, "__new__", _new),
        Replacement(torch.UntypedStorage, "device", _device),
        Replacement(torch.UntypedStorage, "is_cuda", _is_cuda),
        Replacement(torch.TypedStorage, "device", _device),
        Replacement(torch.TypedStorage, "is_cuda", _is_cuda),
        Replacement(torch.UntypedStorage, "to", _to),
        Replacement(torch.TypedStorage, "to", _to),
        Replacement(base, "cuda", _cuda),
        Replacement(torch.TypedStorage, "cuda", _cuda),
    ]


def _new(original: object) -> object:
    assert callable(original)

    def answer(mode: RedirectMode, cls: type, *args: object, **kwargs: object) -> object:
        device = kwargs.get("device")
        if device is not None:
            kwargs["device"] = mode.explicit(device, torch.UntypedStorage) or device
        return original(cls, *args, **kwargs)

    return staticmethod(function_stand_in(answer, always)(original))  # type: ignore[arg-type]  # a slot


def _to(original: object) -> object:
    assert callable(original)

    def answer(mode: RedirectMode, storage: object, *args: object, **kwargs: object) -> object:
        if args:
            args = (mode.explicit(args[0], original) or args[0], *args[1:])
        elif kwargs.get("device") is not None:
            kwargs["device"] = mode.explicit(kwargs["device"], original) or kwargs["device"]
        return original(storage, *args, **kwargs)

    return function_stand_in(answer, always)(original)


def _cuda(original: object) -> object:
    assert callable(original)

    def answer(
        mode: RedirectMode,
        storage: torch.UntypedStorage,
        device: object = None,
        non_blocking: bool = False,
    ) -> object:
        spec = f"cuda:{device}" if isinstance(device, int) else device or "cuda"
        target = mode.explicit(spec, original)
        if target is None:
            return original(storage, device, non_blocking)
        return storage.to(device=target, non_blocking=non_blocking)

    return function_stand_in(answer, always)(original)


# --- what a storage says of its device, under masquerade --------------------------------------


def _device(original: object) -> object:
    return property(lambda storage: _presented(storage, original))


def _is_cuda(original: object) -> object:
    def is_cuda(storage: object) -> object:
        mode = current_mode()
        if mode is None or not masquerades(mode):
            return _read(original, storage)
        return _presented(storage, type(storage).device).type == "cuda"  # type: ignore[attr-defined]  # object

    return property(is_cuda)


def _presented(storage: object, original: object) -> torch.device:
    device = _read(original, storage)
    assert isinstance(device, torch.device)
    mode = current_mode()
    if mode is None or not mode.is_masquerade or not program_reads("device"):
        return device
    return mode.presented(device)


def _read(descriptor: object, storage: object) -> object:
    get = getattr(descriptor, "__get__")  # noqa: B009 - a property's or a C attribute's
    return get(storage, type(storage))
