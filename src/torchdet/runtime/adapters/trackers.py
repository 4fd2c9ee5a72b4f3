"""The runtime's report in an experiment tracker, through the tracker's own interface."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Protocol

from torchdet.runtime.report import Plain

if TYPE_CHECKING:
    from torchdet.runtime.handle import TorchHandle

NAME = "torchdet"


class TextWriter(Protocol):
    """What a `SummaryWriter` of TensorBoard does with text."""

    def add_text(self, tag: str, text_string: str, /) -> None: ...


class RunConfig(Protocol):
    """The configuration of a run of W&B."""

    def update(self, values: dict[str, Plain], /, *, allow_val_change: bool) -> None: ...


class TrackedRun(Protocol):
    """A run of Weights & Biases."""

    @property
    def config(self) -> RunConfig: ...


def report_to_tensorboard(handle: TorchHandle, writer: TextWriter) -> None:
    """Write the report as text; `writer` is a `torch.utils.tensorboard.SummaryWriter`."""
    text = json.dumps(handle.report(), indent=2)
    writer.add_text(NAME, f"```json\n{text}\n```")


def report_to_mlflow(handle: TorchHandle) -> None:
    """Write the report as `torchdet.json` of the active run, and tags to search for."""
    mlflow = importlib.import_module("mlflow")
    report = handle.report()
    mlflow.log_dict(report, f"{NAME}.json")
    mlflow.set_tags({f"{NAME}.device": report["device"], f"{NAME}.holds": report["holds"]})


def report_to_wandb(handle: TorchHandle, run: TrackedRun) -> None:
    """Write the report into the configuration of a run of Weights & Biases."""
    run.config.update({NAME: handle.report()}, allow_val_change=True)
