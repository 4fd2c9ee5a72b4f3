"""The handle: what migrated code holds instead of `import torch`.

It costs nothing per operation, because `handle.torch` is the torch module itself. Everything else
on it answers for the device and the policy that were decided once.
"""

from __future__ import annotations

import difflib
import importlib
import logging
from typing import TYPE_CHECKING

from torchdet.runtime import defaults, device_properties, memory, report, seeding, streams
from torchdet.runtime.apply import apply_settings, policy_in
from torchdet.runtime.devices import (
    ACCELERATOR_TYPES,
    AutoDevice,
    ConcreteDevice,
    ImplicitDevice,
    Missing,
    parse_device,
    resolve_device,
)
from torchdet.runtime.errors import (
    DeviceMissingError,
    InvalidDeviceError,
    SettingError,
    UnsupportedOnDeviceError,
)
from torchdet.runtime.events import EventKind, RuntimeEvent, emit
from torchdet.runtime.probe import probe_distributed_rank, probe_process_role

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import ModuleType

    from torch import Generator
    from torch import Stream as TorchStream
    from torch import device as torch_device
    from torch import dtype as torch_dtype
    from torch.amp import GradScaler, autocast

    from torchdet.runtime.decision import Ready
    from torchdet.runtime.device_properties import DeviceProperties
    from torchdet.runtime.devices import DeviceSpec
    from torchdet.runtime.memory import MemoryFigures
    from torchdet.runtime.policy import RuntimePolicy
    from torchdet.runtime.redirect import AnswerMode, AnswerModeName
    from torchdet.runtime.report import Audit, Plain
    from torchdet.runtime.seeding import DataLoaderOptions
    from torchdet.runtime.streams import Event, Stream

# What torch calls the communication library of each accelerator.
_DISTRIBUTED_BACKENDS = {"cuda": "nccl", "xpu": "xccl"}


class TorchHandle:
    """Torch under a policy. Get it from `get_torch_handle`; there is one a process.

    Libraries hold one from `deferred_handle` instead, which sets nothing.

    - `torch`: the torch module itself.
    - `device`: the `torch.device` that the policy means.
    - `runtime`: the decision (`Ready`) with the facts that it was made from.
    - `policy`: the policy that holds.

    The handle is immutable. Pickled or copied, it becomes the handle of the process that reads
    it: a spawned worker gets its own, under the same policy.
    """

    __slots__ = ("__weakref__", "_device", "_logged_substitutions", "_runtime", "_torch")

    _torch: ModuleType
    _device: torch_device
    _runtime: Ready
    _logged_substitutions: set[str]

    def __init__(self, torch: ModuleType, runtime: Ready) -> None:
        put = object.__setattr__
        put(self, "_torch", torch)
        put(self, "_device", _to_torch(torch, runtime.device))
        put(self, "_runtime", runtime)
        put(self, "_logged_substitutions", set())

    @property
    def torch(self) -> ModuleType:
        """The torch module itself."""
        return self._torch

    @property
    def device(self) -> torch_device:
        """The device that the policy means."""
        return self._device

    @property
    def runtime(self) -> Ready:
        """The decision, with the facts that it was made from."""
        return self._runtime

    @property
    def policy(self) -> RuntimePolicy:
        """The policy that holds."""
        return self.runtime.policy

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"the handle is immutable; {name!r} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"the handle is immutable; {name!r} cannot be deleted")

    def __repr__(self) -> str:
        return f"<TorchHandle torch {self.torch.__version__} on {self.device}>"

    def __copy__(self) -> TorchHandle:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> TorchHandle:
        return self

    def __reduce__(self) -> tuple[Callable[..., TorchHandle], tuple[RuntimePolicy, ...]]:
        from torchdet.runtime.process import handle_of_this_process

        return handle_of_this_process, (self.policy,)

    # --- modules and devices ---------------------------------------------------------------------

    def module(self, name: str) -> ModuleType:
        """Import a module of torch by its full name.

        For those that `import torch` does not load, such as `torch.utils.tensorboard`. Raises
        `ValueError` for a name outside torch.
        """
        if name != "torch" and not name.startswith("torch."):
            raise ValueError(f"{name!r} is no module of torch; import it as usual")
        return importlib.import_module(name)

    def device_for(self, spec: DeviceSpec = None) -> torch_device:
        """Return the device for a specification, by the policy's table.

        None and `"auto"` are the handle's own device, and so is its type without an index; of
        another type that is the first device. A missing accelerator raises `DeviceMissingError`
        under `reject`, and is replaced under `redirect` and `cpu`, which is logged. Raises
        `InvalidDeviceError` for what is no device.

        >>> rt = get_torch_handle()
        >>> rt.device_for("cpu")
        device(type='cpu')
        """
        request = parse_device(spec)
        if isinstance(request, (AutoDevice, ImplicitDevice)):
            return self.device
        placed = resolve_device(request, self.runtime.machine, self.policy.on_missing)
        if isinstance(placed, Missing):
            there = f"only {placed.count} of them" if placed.count else "none of its kind"
            raise DeviceMissingError(
                f"{str(request)!r} was asked for and there is {there} here; ask for 'auto', or set "
                "the policy's on-missing to redirect or cpu"
            )
        if placed.substituted:
            self._log_substitution(str(request), placed.device)
        return _to_torch(self.torch, placed.device)

    def _log_substitution(self, requested: str, given: ConcreteDevice) -> None:
        level = logging.DEBUG if requested in self._logged_substitutions else logging.WARNING
        self._logged_substitutions.add(requested)
        details = {"requested": requested, "given": str(given)}
        message = f"{requested} is not there; {given} is used in its place"
        emit(RuntimeEvent(EventKind.SUBSTITUTED, message, details), level)

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

    # --- random numbers --------------------------------------------------------------------------

    def manual_seed(self, seed: int, *, per_rank: bool = False, inherit: bool = False) -> Generator:
        """Seed Python, NumPy (if installed) and torch on every device; return torch's generator.

        In a DataLoader worker the seed is derived for that worker. With `per_rank` each rank of a
        distributed job gets its own (for data); without it all get the same (for parameters).
        With `inherit`, subprocesses that start later and get a handle are seeded with it, too.
        Raises `PolicyError` for what is no seed.
        """
        role, rank = probe_process_role(), probe_distributed_rank()
        derived = seeding.seed_for_process(seed, role, rank, per_rank=per_rank)
        seeding.seed_everything(self.torch, derived)
        if inherit:
            seeding.pass_seed_on(seed)
        details = {"seed": seed, "derived": derived, "per_rank": per_rank}
        emit(RuntimeEvent(EventKind.SEEDED, f"seeded with {derived}", details), logging.DEBUG)
        generator: Generator = self.torch.default_generator
        return generator

    def generator(self, seed: int, device: DeviceSpec = None) -> Generator:
        """Return a new, seeded generator on a device (the handle's, if none is named).

        An operation needs a generator of its own device.
        """
        generator: Generator = self.torch.Generator(device=self.device_for(device))
        return generator.manual_seed(seeding.checked_seed(seed))

    def dataloader_options(self, seed: int) -> DataLoaderOptions:
        """Return what makes a DataLoader repeatable: a seeded generator and a worker initialiser.

        `DataLoader(dataset, shuffle=True, num_workers=2, **rt.dataloader_options(0))`. Each rank
        of a distributed job gets its own stream.
        """
        derived = seeding.seed_for_process(
            seed, probe_process_role(), probe_distributed_rank(), per_rank=True
        )
        return {
            "generator": self.generator(derived, "cpu"),
            "worker_init_fn": seeding.WorkerSetup(self._policy_of_workers()),
        }

    def _policy_of_workers(self) -> RuntimePolicy | None:
        """The policy that a DataLoader worker applies; None where it is not to apply any."""
        return self.policy

    # --- streams, events, memory -----------------------------------------------------------------

    def synchronize(self, device: DeviceSpec = None) -> None:
        """Wait until a device has finished; on the CPU there is nothing to wait for."""
        streams.synchronize(self.torch, self.device_for(device))

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


def _to_torch(torch: ModuleType, device: ConcreteDevice) -> torch_device:
    try:
        made: torch_device = torch.device(str(device))
    except RuntimeError:
        close = difflib.get_close_matches(device.type, ("auto", "cpu", *ACCELERATOR_TYPES), n=1)
        hint = f"did you mean {close[0]!r}?" if close else "expected a type such as 'cpu' or 'cuda'"
        raise InvalidDeviceError(f"torch knows no device {str(device)!r}; {hint}") from None
    return made
