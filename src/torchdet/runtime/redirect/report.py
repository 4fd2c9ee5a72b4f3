"""Says each redirection once per call site, as a log record and an event; never on stdout."""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass, field
from types import CodeType, FrameType

from torchdet.runtime.devices import RedirectionRow
from torchdet.runtime.events import EventKind, Place, RuntimeEvent, emit

MAX_SITES = 4096
"""After this many call sites nothing new is reported: code made at run time has no end of them."""

_Site = tuple[int, int, object, str]


@dataclass(frozen=True, slots=True)
class Redirected:
    """What a redirection did, in words and as a row of the table."""

    asked: str
    given: str
    row: RedirectionRow
    label: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", f"{self.asked} > {self.given}")


class SiteReport:
    """Remembers the call sites that were reported.

    A site is a place in the program (the instruction, so two calls on a line are two sites)
    together with the function, what was asked and what was given.
    """

    def __init__(self) -> None:
        # The code object is kept as the value, so that no other one gets its id.
        self._seen: dict[_Site, CodeType] = {}
        self.renew_lock()

    def renew_lock(self) -> None:
        """Replace a lock that another thread may have held when this process was forked."""
        self._lock = threading.Lock()

    def redirected(self, frame: FrameType, function: object, what: Redirected) -> None:
        """Report a redirection unless its site has been reported.

        What the program named is a warning; a device that nobody named is information.
        """
        code = frame.f_code
        site = (id(code), frame.f_lasti, function, what.label)
        if site not in self._seen and self._admit(site, code):
            _emit(Place(code.co_filename, frame.f_lineno, code.co_name), _name(function), what)

    def _admit(self, site: _Site, code: CodeType) -> bool:
        with self._lock:
            if site in self._seen or len(self._seen) > MAX_SITES:
                return False
            self._seen[site] = code
            if len(self._seen) <= MAX_SITES:
                return True
        text = f"{MAX_SITES} call sites have been redirected; further ones are not reported"
        emit(RuntimeEvent(EventKind.REDIRECTED, text, {"sites": MAX_SITES}), logging.WARNING)
        return False


def _emit(place: Place, function: str, what: Redirected) -> None:
    event = RuntimeEvent(
        EventKind.REDIRECTED,
        f"{place}: {function}: {what.asked} was asked for, {what.given} is given",
        {
            "file": place.file,
            "line": place.line,
            "caller": place.function,
            "function": function,
            "asked": what.asked,
            "given": what.given,
            "row": what.row.value,
        },
    )
    named = what.row is not RedirectionRow.IMPLICIT
    emit(event, logging.WARNING if named else logging.INFO, place=place)


def _name(function: object) -> str:
    name = str(getattr(function, "__name__", None) or repr(function))
    if name == "_parse_to":
        return "Module.to"
    if isinstance(function, type):
        return f"{function.__module__}.{name}"
    owner = getattr(function, "__objclass__", None)  # a method of Tensor
    return name if owner is None else f"Tensor.{name}"


SITES = SiteReport()
"""The report of this process: a site is reported once, however often redirection is entered."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=SITES.renew_lock)
