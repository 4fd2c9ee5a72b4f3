"""What the runtime reports while it works: a structured log record, and a hook for metrics.

Records go to the logger `torchdet.runtime`, never to standard output; each carries the event as
data in its attribute `torchdet`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

LOGGER = logging.getLogger("torchdet.runtime")


class EventKind(Enum):
    """What happened."""

    REJECTED = "rejected"
    APPLIED = "applied"
    NO_ACCELERATOR = "no-accelerator"
    SUBSTITUTED = "substituted"
    DRIFTED = "drifted"
    REDIRECTED = "redirected"
    SEEDED = "seeded"
    EXEMPTED = "exempted"
    STATE_MISSING = "state-missing"


@dataclass(frozen=True, slots=True)
class RuntimeEvent:
    """One event; `details` is plain data that a metrics system can take as it is."""

    kind: EventKind
    message: str
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the program, and the function that it is in."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


Listener = Callable[[RuntimeEvent], None]
_listeners: list[Listener] = []


def on_event(listener: Listener) -> Callable[[], None]:
    """Call `listener` with every later event; return a function that ends it.

    A listener that raises is reported in the log and does not stop the runtime or its fellows.

    >>> seen = []
    >>> stop = on_event(seen.append)
    >>> emit(RuntimeEvent(EventKind.APPLIED, "ready"), logging.DEBUG)
    >>> stop()
    >>> [event.kind.value for event in seen]
    ['applied']
    """
    _listeners.append(listener)

    def stop() -> None:
        if listener in _listeners:
            _listeners.remove(listener)

    return stop


def emit(event: RuntimeEvent, level: int = logging.INFO, *, place: Place | None = None) -> None:
    """Log an event at a level of `logging` and pass it to every listener.

    `place` is the line of the program that the event is about. The log record then names it as
    its origin: `%(pathname)s`, `%(lineno)d` and `%(funcName)s` of a format tell the program's line.
    """
    extra = {"torchdet": event}
    if place is None:
        LOGGER.log(level, "%s", event.message, extra=extra)
    elif LOGGER.isEnabledFor(level):
        record = LOGGER.makeRecord(
            LOGGER.name,
            level,
            place.file,
            place.line,
            "%s",
            (event.message,),
            None,
            place.function,
            extra,
        )
        LOGGER.handle(record)
    for listener in tuple(_listeners):
        _call(listener, event)


class _StderrUntilConfigured(logging.Handler):
    """Writes to standard error as long as the program has set up no logging of its own."""

    def emit(self, record: logging.LogRecord) -> None:
        if logging.getLogger().handlers or sys.stderr is None:
            return
        try:
            sys.stderr.write(self.format(record) + "\n")
        except (OSError, ValueError):  # a closed or broken stream must not stop the program
            self.handleError(record)


def set_log_level(level: str) -> None:
    """Set the level of the runtime's logger, and let it be seen where nobody set logging up.

    `level` is a name of `logging`, such as `"INFO"`. Until the program configures logging itself,
    records go to standard error.
    """
    LOGGER.setLevel(level)
    if not any(isinstance(each, _StderrUntilConfigured) for each in LOGGER.handlers):
        handler = _StderrUntilConfigured()
        handler.setFormatter(logging.Formatter("%(name)s: %(levelname)s: %(message)s"))
        LOGGER.addHandler(handler)


def _call(listener: Listener, event: RuntimeEvent) -> None:
    try:
        listener(event)
    except Exception:
        LOGGER.exception("a listener of torchdet.runtime.on_event failed")
