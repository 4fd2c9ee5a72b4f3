"""Notices which line of a program changes a setting of the policy, and says so at its end."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.util import Finalize, register_after_fork
from pathlib import Path
from types import FrameType, ModuleType

from torchdet.runtime.access import Attribute, Calls, CompilerConfig, DeterministicMode
from torchdet.runtime.apply import policy_in
from torchdet.runtime.policy import RuntimePolicy
from torchdet.runtime.probe import probe_process_role
from torchdet.runtime.settings import SETTINGS, SettingState, SettingStatus, read_settings
from torchdet.torch_api.switch_setters import SETTERS
from torchdet.torch_api.switches import COMPILER, DETERMINISTIC_MODE

_TROUBLE = (SettingStatus.DIFFERS, SettingStatus.UNREADABLE)
_OWN = str(Path(__file__).parents[1]) + os.sep


@dataclass(frozen=True, slots=True)
class Drift:
    """A setting that does not hold at the end, and the line that changed it, if it was seen."""

    state: SettingState
    place: str | None

    def __str__(self) -> str:
        actual = self.state.actual
        changed = "was switched on" if actual is True else (
            "was switched off" if actual is False else f"was set to {actual!r}")  # fmt: skip
        at = "" if self.place is None else f" at {self.place}"
        return f"drift: {self.state.name} {changed}{at}; the policy wants {self.state.wanted!r}"


class DriftWatch:
    """Reads the settings after each call that may write one, and remembers who called."""

    def __init__(self, torch: ModuleType, policy: RuntimePolicy) -> None:
        self._torch = torch
        self._policy = policy
        self._libraries = (os.path.dirname(torch.__file__ or "") + os.sep, _OWN)
        self._places: dict[str, str] = {}
        self._actual = {state.name: state.actual for state in self._states()}

    def watch(self) -> None:
        """Watch every writer from now on."""
        for owner, name in _setters(self._torch):
            original = getattr(owner, name)
            vars(owner)[name] = self._watched(original)
        for holder, names in _attributes(self._torch).items():
            self._watch_attributes(holder, frozenset(names))

    def drift(self) -> tuple[Drift, ...]:
        """The settings that do not hold now."""
        found = (state for state in self._states() if state.status in _TROUBLE)
        return tuple(Drift(state, self._places.get(state.name)) for state in found)

    def _watched(self, original: Callable[..., object]) -> Callable[..., object]:
        @functools.wraps(original)
        def write(*args: object, **kwargs: object) -> object:
            try:
                return original(*args, **kwargs)
            finally:
                self._look(sys._getframe(1))

        return write

    def _watch_attributes(self, owner: object, names: frozenset[str]) -> None:
        kind = type(owner)
        original = kind.__setattr__

        def write(target: object, name: str, value: object) -> None:
            original(target, name, value)
            if target is owner and name in names:
                self._look(sys._getframe(1))

        if kind is ModuleType:  # a built-in class takes no attributes, its modules another class
            watched = type("WatchedModule", (ModuleType,), {"__setattr__": write})
            owner.__class__ = watched
        else:
            kind.__setattr__ = write  # type: ignore[method-assign]  # how writes are seen

    def _look(self, frame: FrameType) -> None:
        for state in self._states():
            if self._actual.get(state.name) != state.actual:
                self._actual[state.name] = state.actual
                self._places[state.name] = self._place(frame)

    def _states(self) -> tuple[SettingState, ...]:
        return read_settings(self._torch, policy_in(probe_process_role(), self._policy))

    def _place(self, frame: FrameType) -> str:
        """The nearest line outside torch."""
        here = frame
        while here.f_code.co_filename.startswith(self._libraries) and here.f_back is not None:
            here = here.f_back
        return f"{_shown(here.f_code.co_filename)}:{here.f_lineno}"


def watch_for_drift(torch: ModuleType, policy: RuntimePolicy) -> None:
    """Watch the settings from now on, and report on standard error when this process ends.

    So does each forked child of ``multiprocessing``.
    """
    watch = DriftWatch(torch, policy)
    watch.watch()
    atexit.register(_report, watch)
    register_after_fork(watch, _report_at_end_of_child)


def _report_at_end_of_child(watch: DriftWatch) -> None:
    # Such a child ends without Python's own exit.
    Finalize(None, _report, args=(watch,), exitpriority=0)


def _report(watch: DriftWatch) -> None:
    for each in watch.drift():
        sys.stderr.write(f"torchdet run: {each}\n")


def _setters(torch: ModuleType) -> Iterator[tuple[ModuleType, str]]:
    """The functions that write settings, each by its module and name."""
    paths = [row.access.setter for row in SETTINGS if isinstance(row.access, Calls)]
    paths += [each.name.removeprefix("torch.") for each in SETTERS if not each.scoped]
    if any(isinstance(row.access, DeterministicMode) for row in SETTINGS):
        paths.append(DETERMINISTIC_MODE.removeprefix("torch."))
    for path in dict.fromkeys(paths):
        module, _, name = path.rpartition(".")
        owner = _owner(torch, module)
        if isinstance(owner, ModuleType) and callable(getattr(owner, name, None)):
            yield owner, name


def _attributes(torch: ModuleType) -> dict[object, list[str]]:
    """The objects below torch whose attributes are settings, with the names of those."""
    found: dict[object, list[str]] = {}
    for row in SETTINGS:
        match row.access:
            case Attribute(path):
                module, _, name = path.rpartition(".")
            case CompilerConfig(name):
                module = COMPILER.removeprefix("torch.")
            case _:
                continue
        owner = _owner(torch, module)
        if owner is not None:
            found.setdefault(owner, []).append(name)
    return found


def _owner(torch: ModuleType, path: str) -> object | None:
    owner: object = torch
    for name in filter(None, path.split(".")):
        owner = getattr(owner, name, None)
    return owner


def _shown(filename: str) -> str:
    """A path from the current folder, on one line."""
    with contextlib.suppress(ValueError, OSError):
        filename = str(Path(filename).relative_to(Path.cwd()))
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in filename)
