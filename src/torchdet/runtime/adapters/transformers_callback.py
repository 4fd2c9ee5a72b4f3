"""The trainer of transformers under the policy: settings at the start, an audit at the end.

    trainer = Trainer(model, args, callbacks=[DeterministicTraining(get_torch_handle())])

The trainer saves the generators in its checkpoints itself. Its `seed` seeds once more what the
policy's seed has seeded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers import TrainerCallback

from torchdet.runtime.adapters.audit_at_end import audit_at_end

if TYPE_CHECKING:
    from torchdet.runtime.handle import TorchHandle


class DeterministicTraining(TrainerCallback):  # type: ignore[misc]  # transformers is not looked at
    """Applies the policy again when a training begins, and audits when it ends.

    With `strict` a setting that changed meanwhile raises `SettingError`; without, it is logged.
    """

    def __init__(self, handle: TorchHandle, *, strict: bool = True) -> None:
        self.handle = handle
        self.strict = strict

    def on_train_begin(self, args: object, state: object, control: object, **_: object) -> None:
        """Write the settings once more: arguments of the trainer change some of them."""
        del args, state, control
        self.handle.reapply()

    def on_train_end(self, args: object, state: object, control: object, **_: object) -> None:
        """Audit the settings."""
        del args, state, control
        audit_at_end(self.handle, strict=self.strict)
