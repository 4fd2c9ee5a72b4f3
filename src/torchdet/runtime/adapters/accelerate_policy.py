"""An `Accelerator` under the policy, whose checkpoints hold the generators.

accelerator = make_accelerator(get_torch_handle(seed=7), mixed_precision="bf16")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelerate import Accelerator

if TYPE_CHECKING:
    from torchdet.runtime.handle import TorchHandle


def make_accelerator(handle: TorchHandle, **options: object) -> Accelerator:
    """Return an `Accelerator`, on the CPU where the policy means the CPU.

    The handle, being an argument, exists before the process group that accelerate sets up.
    `save_state` and `load_state` of the accelerator keep the generators of the process.
    """
    chosen = {"cpu": True, **options} if handle.device.type == "cpu" else options
    accelerator = Accelerator(**chosen)
    accelerator.register_for_checkpointing(_Generators(handle))
    handle.reapply()
    return accelerator


class _Generators:
    """The generators as an object that accelerate saves and loads."""

    def __init__(self, handle: TorchHandle) -> None:
        self.state_dict = handle.state_dict
        self.load_state_dict = handle.load_state_dict
