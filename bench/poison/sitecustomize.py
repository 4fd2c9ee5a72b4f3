"""Poisons the handles that modules hold: whatever is asked of one but torch itself raises.

Put this folder on ``PYTHONPATH``. A program passes only if every effect goes through a handle that
was passed to it.
"""

from torchdet.runtime import deferred
from torchdet.runtime.handle import TorchHandle
from torchdet.runtime.poison import PoisonedHandle


def _answering(_: TorchHandle) -> TorchHandle:
    poison = PoisonedHandle("the module")
    poison.device  # noqa: B018  # raises, and names the place
    raise AssertionError("a poisoned handle answered")


deferred._DeferredHandle._answering = _answering  # type: ignore[method-assign]  # poisoned
deferred._DeferredHandle.device = property(_answering)  # type: ignore[assignment,method-assign]  # the same
