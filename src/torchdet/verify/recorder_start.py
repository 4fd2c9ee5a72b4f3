"""Starts the recorder of a process in the moment in which the program has imported torch."""

from __future__ import annotations

import os

from torchdet.import_hook import when_imported
from torchdet.verify.pool_tasks import name_pool_tasks
from torchdet.verify.recording_spec import Level, RecordingSpec


def record_when_torch_is_imported() -> None:
    """Prepare recording if this process was started for it."""
    spec = RecordingSpec.of_process(os.environ)
    if spec is None:
        return
    if spec.level is not Level.STEP:
        name_pool_tasks()

    def start() -> None:
        from torchdet.verify.recorder.session import start_recording

        start_recording(spec)

    when_imported("torch", start)
