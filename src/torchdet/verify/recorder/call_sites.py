"""Where an operation is called: the frames of the program, without those of torch and Python."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType

import torch

from torchdet.verify.trace.records import Frame

_MOST_FRAMES = 24


def _folder(file: str | None) -> str:
    return os.path.dirname(os.path.realpath(file or "")) + os.sep


_STANDARD_LIBRARY = _folder(os.__file__)
_INSTALLED = ("site-packages" + os.sep, "dist-packages" + os.sep)
_HIDDEN = (_folder(torch.__file__), str(Path(__file__).parents[1]) + os.sep)
_BOOKKEEPING = (os.path.join("torch", "utils", "data", "dataloader.py"),)

_ENGINE = "_engine_run_backward"

_of_program: dict[CodeType, bool] = {}


def is_of_program(code: CodeType) -> bool:
    """Whether code is the program's or a library's, and neither torch's nor Python's own."""
    known = _of_program.get(code)
    if known is None:
        known = _of_program[code] = _judge(code.co_filename)
    return known


def program_frame(frame: FrameType) -> FrameType | None:
    """The nearest frame of the program from ``frame`` outwards."""
    here: FrameType | None = frame
    known = _of_program
    while here is not None:
        if known.get(here.f_code) or is_of_program(here.f_code):
            return here
        here = here.f_back
    return None


def program_stack(frame: FrameType | None) -> tuple[Frame, ...]:
    """The frames of the program from ``frame`` outwards, the innermost first."""
    return tuple(_frames(frame))[:_MOST_FRAMES]


def runs_for_autograd(frame: FrameType) -> bool:
    """Whether autograd calls an operation on its own, not in a hook or ``backward`` of the program.

    The nearest frame of the program is then the one that asked for gradients, if there is one.
    """
    here: FrameType | None = frame
    while here is not None and not is_of_program(here.f_code):
        if here.f_code.co_name == _ENGINE:
            return True
        here = here.f_back
    return here is None


def is_bookkeeping(frame: FrameType) -> bool:
    """Whether torch calls an operation for a purpose of its own, which no result depends on.

    A data loader draws a base seed for workers even where nobody uses it.
    """
    here: FrameType | None = frame
    while here is not None and here.f_code.co_filename.startswith(_HIDDEN):
        if here.f_code.co_filename.endswith(_BOOKKEEPING):
            return here.f_code.co_name == "__init__"
        here = here.f_back
    return False


def calling_frame(depth: int = 1) -> FrameType:
    """The frame that is ``depth`` calls outside the function that asks."""
    return sys._getframe(depth + 1)


def _frames(frame: FrameType | None) -> Iterator[Frame]:
    while frame is not None:
        code = frame.f_code
        if is_of_program(code):
            yield Frame(code.co_filename, frame.f_lineno, code.co_name)
        frame = frame.f_back


def _judge(filename: str) -> bool:
    if filename.startswith(("<frozen", "<eval_with_key", "<__array_function__", "<torch")):
        return False
    path = os.path.realpath(filename)
    if path.startswith(_HIDDEN) or filename.startswith(_HIDDEN):
        return False
    if path.startswith(_STANDARD_LIBRARY) or filename.startswith(_STANDARD_LIBRARY):
        return any(part in path for part in _INSTALLED)
    return True
