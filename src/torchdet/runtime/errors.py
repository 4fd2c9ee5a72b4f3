"""The exceptions of the runtime.

Every failure that a caller can act on has its own class, so that code can tell them apart by type
and people can read in the message what was expected and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torchdet.runtime.decision import Rejected
    from torchdet.runtime.policy import RuntimePolicy


class RuntimeSetupError(Exception):
    """Base of every error that `torchdet.runtime` raises on its own account."""


class PolicyError(RuntimeSetupError, ValueError):
    """A policy holds a value that it cannot hold; the message names where it came from."""


class InvalidDeviceError(RuntimeSetupError, ValueError):
    """A device specification that cannot be read, such as `"cuda:x"` or `True`."""


class DeviceMissingError(RuntimeSetupError, RuntimeError):
    """The policy says `reject`, and the device that was asked for is not there."""


class WrongThreadError(RuntimeSetupError, RuntimeError):
    """A call that changes state of the whole process was made outside the main thread."""


class TorchImportedFirstError(RuntimeSetupError, ImportError):
    """Torch was imported before the facade that is to set it up."""


class PoisonedHandleError(RuntimeSetupError, RuntimeError):
    """A poisoned handle was used, so some place did not receive the handle that it needs."""


class SettingError(RuntimeSetupError, RuntimeError):
    """A setting of torch was written and did not read back as written."""


class StateError(RuntimeSetupError, ValueError):
    """A saved state that cannot be brought back here; the message says what is missing."""


class UnsupportedOnDeviceError(RuntimeSetupError, RuntimeError):
    """The device has no such thing, and inventing an answer would be worse than none."""


class PolicyConflictError(RuntimeSetupError, RuntimeError):
    """A second policy was to be applied in a process that already runs under another.

    The flags belong to the process, so two policies cannot hold at once. `applied` and
    `requested` are the two; the message shows where they differ.
    """

    def __init__(self, applied: RuntimePolicy, requested: RuntimePolicy) -> None:
        self.applied = applied
        self.requested = requested
        before, after = applied.as_dict(), requested.as_dict()
        differences = "; ".join(
            f"{key}: applied {before[key]!r}, requested {after[key]!r}"
            for key in before
            if before[key] != after[key]
        )
        super().__init__(
            f"this process already runs under another policy ({differences}). Flags belong to the "
            "process: use the handle that exists (get_torch_handle() without a policy), or start "
            "another process for the other policy.\n"
            f"  applied:   {before}\n"
            f"  requested: {after}"
        )

    def __reduce__(self) -> tuple[type[PolicyConflictError], tuple[RuntimePolicy, RuntimePolicy]]:
        return (type(self), (self.applied, self.requested))


class TorchRuntimeRejected(RuntimeSetupError, RuntimeError):  # noqa: N818  # the documents' name
    """This process may not run torch under its policy; `rejected` holds every reason as data.

    Raised by `get_torch_handle` and `apply_torch_runtime`; `decide_torch_runtime` returns the
    same `Rejected` as a value instead.
    """

    def __init__(self, rejected: Rejected) -> None:
        self.rejected = rejected
        lines = [f"torch may not run in this process ({len(rejected.rejections)} reason(s)):"]
        for rejection in rejected.rejections:
            lines.append(f"  [{rejection.reason.value}] {rejection.message}")
            lines.append(f"      remedy: {rejection.remedy}")
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[type[TorchRuntimeRejected], tuple[Rejected]]:
        return (type(self), (self.rejected,))


class TorchNotInstalledError(TorchRuntimeRejected, ModuleNotFoundError):
    """There is no torch, which code that can do without it catches as an `ImportError`."""

    def __init__(self, rejected: Rejected) -> None:
        super().__init__(rejected)
        self.name = "torch"


class TorchBrokenError(TorchRuntimeRejected, ImportError):
    """Torch is installed, and importing it fails."""
