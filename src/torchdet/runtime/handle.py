"""The handle: what migrated code holds instead of `import torch`.

It costs nothing per operation, because `handle.torch` is the torch module itself. Everything else
on it answers for the device and the policy that were decided once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from torchdet.runtime import defaults, device_properties, exemptions, memory, report, streams
from torchdet.runtime.apply import apply_settings, policy_in
from torchdet.runtime.device_module import device_module
from torchdet.runtime.errors import SettingError, UnsupportedOnDeviceError
from torchdet.runtime.handle_random import RandomNumbers
from torchdet.runtime.probe import probe_process_role

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from torch import Stream as TorchStream
    from torch import dtype as torch_dtype
    from torch.amp import GradScaler, autocast

    from torchdet.runtime.device_properties import DeviceProperties
    from torchdet.runtime.devices import DeviceSpec
    from torchdet.runtime.memory import MemoryFigures
    from torchdet.runtime.policy import RuntimePolicy
    from torchdet.runtime.redirect import AnswerMode, AnswerModeName
    from torchdet.runtime.report import Audit, Plain
    from torchdet.runtime.streams import Event, Stream

# What torch calls the communication library of each accelerator.
_DISTRIBUTED_BACKENDS = {"cuda": "nccl", "xpu": "xccl"}


class TorchHandle(RandomNumbers):
    """Torch under a policy. Get it from `get_torch_handle`; there is one a process.

    Libraries hold one from `deferred_handle` instead, which sets nothing.

    - `torch`: the torch module itself.
    - `device`: the `torch.device` that the policy means.
    - `runtime`: the decision (`Ready`) with the facts that it was made from.
    - `policy`: the policy that holds.

    The handle is immutable. Pickled or copied, it becomes the handle of the process that reads
    it: a spawned worker gets its own, under the same policy.
    """

    __slots__ = ()

    def __copy__(self) -> TorchHandle:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> TorchHandle:
        return self

    def __reduce__(self) -> tuple[Callable[..., TorchHandle], tuple[RuntimePolicy, ...]]:
        from torchdet.runtime.process import handle_of_this_process

        return handle_of_this_process, (self.policy,)

    def device_properties(self, device: DeviceSpec = None) -> DeviceProperties:
        """Return name, total memory, processors and capability of a device.

        What a device cannot tell is an `Unanswered` with its reason. Raises
        `UnsupportedOnDeviceError` for a device that torch cannot describe, such as `meta`.
        """
        return device_properties.device_properties(self.torch, self.device_for(device))

    # --- defaults --------------------------------------------------------------------------------

    def default_dtype(self, dtype: torch_dtype) -> AbstractContextManager[None]:
        """Make `dtype` the default within a block. It belongs to the process: main thread only.

        Raises `WrongThreadError` elsewhere, `TypeError` for what cannot be a default dtype.
        """
        return defaults.default_dtype(self.torch, dtype, self.device)

    def default_device(self, device: DeviceSpec) -> AbstractContextManager[None]:
        """Make a device the default of this thread within a block; main thread only."""
        return defaults.default_device(self.torch, self.device_for(device))

    def set_default_dtype(self, dtype: torch_dtype) -> None:
        """Set the default dtype of the process for good, checked and read back."""
        defaults.set_default_dtype(self.torch, dtype, self.device)

    def set_default_device(self, device: DeviceSpec) -> None:
        """Set the default device of the main thread for good, checked and read back.

        Threads that start later do not see it; torch keeps it for each thread.
        """
        defaults.set_default_device(self.torch, self.device_for(device))

    # --- streams, events, memory -----------------------------------------------------------------

    def synchronize(self, device: DeviceSpec = None) -> None:
        """Wait until a device has finished; on the CPU there is nothing to wait for."""
        streams.synchronize(self.torch, self.device_for(device))

    def set_device(self, device: DeviceSpec) -> None:
        """Make a device the current one; on the CPU and MPS there is one, and nothing happens."""
        if self.device.type not in ("cpu", "mps"):
            chosen = self.device_for(device)
            device_module(self.torch, chosen, "set_device", "a current device").set_device(chosen)

    def stream(self, device: DeviceSpec = None, *, priority: int = 0) -> Stream:
        """Return a new stream of a device."""
        return streams.make_stream(self.torch, self.device_for(device), priority)

    def current_stream(self, device: DeviceSpec = None) -> Stream:
        """Return the stream that this thread's work on a device goes to."""
        return streams.current_stream(self.torch, self.device_for(device))

    def use_stream(self, stream: Stream | TorchStream) -> AbstractContextManager[object]:
        """Send this thread's work to a stream within a block."""
        return streams.use_stream(self.torch, stream)

    def event(self, enable_timing: bool = False, device: DeviceSpec = None) -> Event:
        """Return a new event of a device; with `enable_timing` it measures milliseconds."""
        return streams.make_event(self.torch, self.device_for(device), enable_timing)

    def memory(self, device: DeviceSpec = None) -> MemoryFigures:
        """Return allocated, reserved, peak, free and total bytes of a device."""
        return memory.memory_figures(self.torch, self.device_for(device))

    def reset_peak_memory(self, device: DeviceSpec = None) -> None:
        """Let a device's peak begin anew; see `torchdet.runtime.memory.reset_peak`."""
        memory.reset_peak(self.torch, self.device_for(device))

    def empty_cache(self, device: DeviceSpec = None) -> None:
        """Give a device's cached, unused memory back."""
        memory.empty_cache(self.torch, self.device_for(device))

    # --- mixed precision and distribution --------------------------------------------------------

    def autocast(
        self,
        dtype: torch_dtype | None = None,
        *,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> autocast:
        """Return torch's autocast context for the handle's device."""
        context: autocast = self.torch.amp.autocast(
            self.device.type, dtype=dtype, enabled=enabled, cache_enabled=cache_enabled
        )
        return context

    def grad_scaler(self, *, enabled: bool = True, init_scale: float = 2.0**16) -> GradScaler:
        """Return a gradient scaler for the handle's device."""
        scaler: GradScaler = self.torch.amp.GradScaler(
            self.device.type, enabled=enabled, init_scale=init_scale
        )
        return scaler

    @property
    def distributed_backend(self) -> str:
        """The name to give `torch.distributed.init_process_group` for the handle's device.

        Raises `UnsupportedOnDeviceError` where this torch build has no such backend.
        """
        name = _DISTRIBUTED_BACKENDS.get(self.device.type, "gloo")
        distributed = self.module("torch.distributed")
        if not distributed.is_available() or not distributed.is_backend_available(name):
            raise UnsupportedOnDeviceError(
                f"torch {self.torch.__version__} is built without the {name} backend, which "
                f"{self.device} needs"
            )
        return name

    # --- code that was not migrated --------------------------------------------------------------

    def redirect(
        self, mode: AnswerMode | AnswerModeName = "honest"
    ) -> AbstractContextManager[None]:
        """Apply TorchDevice's table to the torch calls within a block, whoever makes them.

        Unnamed devices and an explicit CPU go to the machine's accelerator (this handle's
        device, if it is one). `mode` says what the block is told about the machine; see
        `torchdet.runtime.redirect`.
        """
        from torchdet.runtime.redirect import redirect

        return redirect(self.runtime.machine, mode)

    # --- exemptions ------------------------------------------------------------------------------

    def allow_nondeterminism(self, *operations: str, reason: str) -> AbstractContextManager[None]:
        """Let the named operations run within a block although torch cannot repeat their results.

        `with rt.allow_nondeterminism("max_unpool2d", reason="the decoder has no other layer"):`.
        Every other operation without a deterministic algorithm raises as before. The exemption is
        logged once, and the audit and the report count how often it was used. An operation whose
        backward pass is the problem needs the block around the backward call.
        """
        return exemptions.exempt(self.torch, operations, reason, exemptions.calling_frame())

    # --- what a block computes -------------------------------------------------------------------

    def trace(self, path: str | Path) -> AbstractContextManager[None]:
        """Record every operation of a block, and write the trace to a file.

        `torchdet verify compare A B` says whether two of them hold the same bits, and from which
        line on they differ. Needs the extra `torchdet[verify]`. Raises `RuntimeError` within
        another trace, and `OSError` where the file cannot be written.
        """
        from torchdet.verify.trace_block import trace_block

        return trace_block(Path(path))

    # --- the state -------------------------------------------------------------------------------

    def audit(self) -> Audit:
        """Read every setting again; drift is in the result and reported as events."""
        return report.audit_settings(self.torch, policy_in(probe_process_role(), self.policy))

    def reapply(self) -> None:
        """Write every setting again, in the calling thread, and read each one back.

        Mends drift, and gives a thread what belongs to threads alone. Raises `SettingError`,
        naming the settings, if one does not take.
        """
        failed = apply_settings(self.torch, policy_in(probe_process_role(), self.policy))
        if failed:
            raise SettingError("; ".join(each.message for each in failed))

    def report(self) -> dict[str, Plain]:
        """Return the whole state as plain data: device, policy, facts, every setting as it reads.

        It can go into a log or an experiment tracker as it is.
        """
        return report.runtime_report(self.runtime, str(self.device), self.audit())
