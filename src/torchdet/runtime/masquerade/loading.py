"""``torch.load`` where the locations in a file may be devices that this machine has not."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import serialization

from torchdet.runtime.devices import RedirectionRow
from torchdet.runtime.masquerade.stand_in import always, function_stand_in
from torchdet.runtime.redirect.call_site import Caller, caller
from torchdet.runtime.redirect.mode import RedirectMode

_restore_at: Callable[[torch.UntypedStorage, str], object]
_restore_at = serialization.default_restore_location


def load(original: object) -> object:
    """Make the stand-in of ``torch.load``, whose device is its ``map_location``."""
    assert callable(original)

    def answer(
        mode: RedirectMode, f: object, map_location: object = None, *args: object, **kwargs: object
    ) -> object:
        location = _Locations(mode, caller()).of(f, map_location)
        # The tensors of a file are rebuilt where their storages are, untouched by the table.
        with mode.paused():
            return original(f, location, *args, **kwargs)

    return function_stand_in(answer, always)(original)


@dataclass(frozen=True, slots=True)
class _Locations:
    """Turns a ``map_location`` into one that follows the table.

    Without a ``map_location`` a storage stays where it was saved if there is such a device: a
    file names the CPU for what belongs there, such as the state of a generator. Only devices
    that are missing are replaced.
    """

    mode: RedirectMode
    who: Caller

    def of(self, f: object, location: object) -> object:
        if isinstance(location, bytes):
            location = location.decode()
        if isinstance(location, (str, torch.device)):
            return self._placed(location)
        if location is None:
            # A safetensors file names no locations, and torch takes no function for one.
            return None if _is_safetensors(f) else self._restore
        if isinstance(location, Mapping):
            return functools.partial(self._restore_by_map, location)
        return functools.partial(self._restore_by, location) if callable(location) else location

    def _placed(self, location: object) -> object:
        return self.mode.explicit(location, torch.load, self.who) or location

    def _restore(self, storage: torch.UntypedStorage, saved: str) -> object:
        target = self.mode.target_of(saved)
        missing = target is not None and target.redirected.row is RedirectionRow.ACCELERATOR
        location = self._placed(saved) if missing else saved
        return _restore_at(storage, str(location))

    def _restore_by_map(
        self, locations: Mapping[str, object], storage: torch.UntypedStorage, saved: str
    ) -> object:
        if saved not in locations:
            return self._restore(storage, saved)
        return _restore_at(storage, str(self._placed(locations[saved])))

    def _restore_by(
        self,
        choose: Callable[[torch.UntypedStorage, str], object],
        storage: torch.UntypedStorage,
        saved: str,
    ) -> object:
        with self.mode.resumed():
            chosen = choose(storage, saved)
        return self._restore(storage, saved) if chosen is None else chosen


def _is_safetensors(f: object) -> bool:
    return isinstance(f, (str, os.PathLike)) and os.fspath(f).endswith(".safetensors")
