"""Finishing what must be finished when Ctrl-C arrives in the middle of it."""

from __future__ import annotations

from collections.abc import Callable


def see_through(cleanup: Callable[[], None]) -> None:
    """Run ``cleanup`` to its end; an interrupt that arrives meanwhile is raised afterwards.

    ``cleanup`` is begun again after an interrupt, so it must be one that can be. An interrupt can
    still arrive before this function has begun: call it from two ``finally`` clauses, one around
    the other, where nothing may be left behind.

    Example:
        >>> attempts = []
        >>> def cleanup():
        ...     attempts.append(1)
        ...     if len(attempts) == 1:
        ...         raise KeyboardInterrupt
        >>> try:
        ...     see_through(cleanup)
        ... except KeyboardInterrupt:
        ...     print("interrupted, after", len(attempts), "attempts")
        interrupted, after 2 attempts
    """
    interrupt: KeyboardInterrupt | None = None
    while True:
        try:
            cleanup()
            break
        except KeyboardInterrupt as error:
            interrupt = error
    if interrupt is not None:
        raise interrupt
