"""Keeps the values, the stack and the module of one operation, for the report."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import torch

from torchdet.verify.recorder.call_sites import (
    is_of_program,
    program_stack,
    runs_for_autograd,
)
from torchdet.verify.trace.captured_place import CapturedPlace

MOST_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class OperationCapture:
    """Writes what it is given into the run's folder.

    ``is_target`` tells the operation itself from its forward operation, of which only the place
    is kept.
    """

    folder: Path
    is_target: bool

    def before(self, frame: FrameType, inputs: Sequence[torch.Tensor]) -> None:
        """Keep the place, and for the target the inputs."""
        name = "target" if self.is_target else "forward"
        place = CapturedPlace(
            program_stack(frame), module_path(frame), not runs_for_autograd(frame)
        )
        (self.folder / f"{name}.json").write_text(place.to_text(), encoding="utf-8")
        if self.is_target:
            self._save("inputs.pt", inputs)

    def after(self, outputs: Sequence[torch.Tensor]) -> None:
        """Keep the outputs of the target. Once they are there, the capture is whole."""
        if self.is_target:
            self._save("outputs.pt", outputs)

    def _save(self, name: str, tensors: Sequence[torch.Tensor]) -> None:
        kept: list[torch.Tensor] = []
        left = MOST_BYTES
        for tensor in tensors:
            if tensor.layout is not torch.strided or tensor.is_meta or tensor.is_nested:
                break
            if tensor.is_quantized:
                tensor = tensor.int_repr()  # noqa: PLW2901 -- what is kept of it
            left -= tensor.numel() * tensor.element_size()
            if left < 0:
                break
            kept.append(tensor.detach().as_subclass(torch.Tensor).cpu().clone())
        path = self.folder / name
        torch.save(kept, path.with_suffix(".tmp"))
        os.replace(path.with_suffix(".tmp"), path)


def module_path(frame: FrameType | None) -> str:
    """The dotted name of the innermost module that is being called, empty outside of modules."""
    modules = list(_modules(frame))
    if not modules:
        return ""
    for name, module in modules[-1].named_modules():
        if module is modules[0]:
            return str(name)
    return type(modules[0]).__qualname__


def _modules(frame: FrameType | None) -> Iterator[torch.nn.Module]:
    """The modules whose ``forward`` is running, the innermost first."""
    while frame is not None:
        code = frame.f_code
        if code.co_argcount and (code.co_name == "forward" or is_of_program(code)):
            owner = frame.f_locals.get(code.co_varnames[0])
            if isinstance(owner, torch.nn.Module) and code.co_name != "__init__":
                yield owner
        frame = frame.f_back
