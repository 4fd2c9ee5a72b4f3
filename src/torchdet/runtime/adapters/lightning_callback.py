"""Lightning's trainer under the policy: set up first, the generators in its checkpoints, an audit.

    trainer = L.Trainer(callbacks=[DeterminismCallback(get_torch_handle(seed=7))])

The handle is made before the trainer, which sets up process groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from torchdet.runtime.adapters.audit_at_end import audit_at_end

try:
    from lightning.pytorch import Callback
except ModuleNotFoundError:
    from pytorch_lightning import Callback

if TYPE_CHECKING:
    from torchdet.runtime.generator_states import State
    from torchdet.runtime.handle import TorchHandle


class DeterminismCallback(Callback):  # type: ignore[misc]  # Lightning is not looked at
    """Applies the policy again in each process, keeps the generators, and audits at the end.

    With `strict` a setting that changed meanwhile ends the training with `SettingError`; without,
    it is only logged.
    """

    def __init__(self, handle: TorchHandle, *, strict: bool = True) -> None:
        self.handle = handle  # in a process that Lightning starts it is that process's own
        self.strict = strict

    def setup(self, trainer: object, pl_module: object, stage: str) -> None:
        """Write the settings once more: the trainer has options of its own for some of them."""
        del trainer, pl_module, stage
        self.handle.reapply()

    def on_fit_end(self, trainer: object, pl_module: object) -> None:
        """Audit the settings."""
        del trainer, pl_module
        audit_at_end(self.handle, strict=self.strict)

    def state_dict(self) -> dict[str, object]:
        """Return the generators of this rank, for the trainer's checkpoint."""
        return dict(self.handle.state_dict())

    def load_state_dict(self, state_dict: dict[str, object]) -> None:
        """Give the generators their state back; of another rank's they stay as they are."""
        self.handle.load_state_dict(cast("dict[str, State]", state_dict), strict=False)
