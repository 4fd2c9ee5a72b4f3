"""Writes the tables of `torchdet.torch_api` from the torch that is installed."""

from __future__ import annotations

import csv
import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from io import StringIO
from pathlib import Path

import torch

from torchdet.dev import read_device_modules, read_functions, read_modules, read_names
from torchdet.torch_api.tables import ORIGIN

DIRECTORY = Path(__file__).parents[1] / "torch_api" / "generated"

TABLES: dict[str, tuple[tuple[str, ...], Callable[[], Iterable[tuple[str, ...]]]]] = {
    "classes": (read_names.CLASSES_HEADING, read_names.class_rows),
    "device_modules": (read_device_modules.HEADING, read_device_modules.device_module_rows),
    "exports": (read_names.EXPORTS_HEADING, read_names.export_rows),
    "functions": (read_functions.HEADING, read_functions.function_rows),
    "modules": (read_modules.HEADING, read_modules.module_rows),
    "spellings": (read_names.SPELLINGS_HEADING, read_names.spelling_rows),
}
"""The heading of each table, and what gives its rows."""


def table_text(name: str) -> str:
    """The whole file of a table, for the torch that is installed.

    A process of its own writes it, because the names depend on what a process has imported.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as fresh:
        return fresh.submit(_table_text, name).result()


def _table_text(name: str) -> str:
    heading, rows = TABLES[name]
    release = torch.__version__.partition("+")[0]
    text = StringIO(newline="")
    text.write(ORIGIN.format(version=release) + "\n")
    csv.writer(text, lineterminator="\n").writerows([heading, *rows()])
    return text.getvalue()


def write_tables() -> list[Path]:
    """Write every table, and return the files that changed."""
    changed = []
    for name in TABLES:
        path = DIRECTORY / f"{name}.csv"
        text = table_text(name)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            changed.append(path)
    return changed
