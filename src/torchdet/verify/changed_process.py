"""Changes conditions inside the processes of a program: another order of files, other workers.

``startup/sitecustomize.py`` calls ``change_conditions`` before the program's first line. Standard
library only.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from types import TracebackType

from torchdet.import_hook import when_imported

VARIABLE = "TORCHDET_VARY"
"""Holds the names of the changes, separated by commas."""

WORKERS = "workers"
ORDER_OF_FILES = "order-of-files"

_Listing = Callable[..., list[str]]


def change_conditions() -> None:
    """Make the changes that this process was started for."""
    names = os.environ.get(VARIABLE, "").split(",")
    if ORDER_OF_FILES in names:
        _reverse_listings()
    if WORKERS in names:
        when_imported("torch.utils.data.dataloader", _add_workers)


def other_workers(number: int) -> int:
    """How many workers a data loader gets in place of ``number``."""
    return number + 1 if number else 2


class _ReversedScan:
    """What ``os.scandir`` returns, from the last entry to the first."""

    def __init__(self, scan: os._ScandirIterator[str]) -> None:
        with scan:
            self._entries = iter(list(scan)[::-1])

    def __iter__(self) -> Iterator[os.DirEntry[str]]:
        return self._entries

    def __next__(self) -> os.DirEntry[str]:
        return next(self._entries)

    def __enter__(self) -> _ReversedScan:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give no more entries."""
        self._entries = iter(())


def _reverse_listings() -> None:
    """Have every way of listing a folder go through it backwards."""
    listdir, scandir = os.listdir, os.scandir

    @functools.wraps(listdir)
    def listdir_reversed(*arguments: str) -> list[str]:
        return listdir(*arguments)[::-1]

    @functools.wraps(scandir)
    def scandir_reversed(*arguments: str) -> _ReversedScan:
        return _ReversedScan(scandir(*arguments))

    replacements: dict[object, object] = {listdir: listdir_reversed, scandir: scandir_reversed}
    for module in ("os", "glob", "pathlib"):  # some keep the functions of os under their own names
        owner = sys.modules.get(module) or __import__(module)
        for holder in (owner, *(each for each in vars(owner).values() if isinstance(each, type))):
            _replace(holder, replacements)


def _replace(holder: object, replacements: dict[object, object]) -> None:
    for name, value in list(vars(holder).items()):
        plain = value.__func__ if isinstance(value, staticmethod) else value
        if callable(plain) and plain in replacements:
            changed = replacements[plain]
            setattr(holder, name, changed if plain is value else staticmethod(changed))  # type: ignore[arg-type]  # both are functions


def _add_workers() -> None:
    from torch.utils.data.dataloader import DataLoader

    original = DataLoader.__init__
    signature = inspect.signature(original)

    @functools.wraps(original)
    def with_other_workers(*arguments: object, **keywords: object) -> None:
        bound = signature.bind(*arguments, **keywords)
        bound.arguments["num_workers"] = other_workers(bound.arguments.get("num_workers", 0))
        original(*bound.args, **bound.kwargs)

    setattr(DataLoader, "__init__", with_other_workers)  # noqa: B010 -- a method cannot be assigned
