"""Everything about this process in one value: what `torchdet doctor` shows and scripts may read."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.runtime.advice import advice
from torchdet.runtime.decide import decide_torch_runtime
from torchdet.runtime.decision import Ready, Rejected
from torchdet.runtime.errors import TorchRuntimeRejected
from torchdet.runtime.facts import TorchPresent
from torchdet.runtime.policy_sources import PolicySource, policy_sources, process_policy
from torchdet.runtime.probe import probe_torch_runtime
from torchdet.runtime.process import apply_torch_runtime
from torchdet.runtime.report import Plain, to_plain
from torchdet.runtime.settings import SettingState, read_settings

if TYPE_CHECKING:
    from pathlib import Path

    from torchdet.runtime.facts import RuntimeFacts
    from torchdet.runtime.policy import RuntimePolicy


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The facts, where the policy came from, the decision, and every setting as it reads."""

    sources: tuple[PolicySource, ...]
    decision: Ready | Rejected
    settings: tuple[SettingState, ...]
    advice: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        """Tell whether torch may run under the policy."""
        return isinstance(self.decision, Ready)

    @property
    def facts(self) -> RuntimeFacts:
        """The facts that the decision was made from."""
        return self.decision.facts

    @property
    def policy(self) -> RuntimePolicy:
        """The policy that was decided on."""
        return self.decision.policy

    def as_dict(self) -> dict[str, Plain]:
        """Return the diagnosis as plain data."""
        rejections = () if isinstance(self.decision, Ready) else self.decision.rejections
        return {
            "status": "ready" if self.is_ready else "rejected",
            "device": str(self.decision.device) if isinstance(self.decision, Ready) else None,
            "policy": to_plain(self.policy.as_dict()),
            "policy_sources": [
                {"name": each.name, "values": to_plain(each.values)} for each in self.sources
            ],
            "facts": to_plain(self.facts),
            "rejections": [
                {
                    "reason": each.reason.value,
                    "message": each.message,
                    "remedy": each.remedy,
                    "details": dict(each.details),
                }
                for each in rejections
            ],
            "settings": to_plain(self.settings),
            "advice": list(self.advice),
        }


def diagnose(policy: RuntimePolicy | None = None, *, search_from: Path | None = None) -> Diagnosis:
    """Probe, decide and (if ready) apply in this process, and return everything that was seen.

    Applying is what shows whether the settings take, so call this only in a process that may be
    set up; a rejected one is left as it is. Raises `PolicyError` if the policy cannot be read.
    """
    wanted = process_policy(search_from=search_from) if policy is None else policy
    sources = () if policy is not None else policy_sources(search_from=search_from)
    decision = decide_torch_runtime(probe_torch_runtime(), wanted)
    if isinstance(decision, Ready):
        decision = _apply(decision)
    settings: tuple[SettingState, ...] = ()
    if isinstance(decision.facts.torch, TorchPresent):
        settings = read_settings(importlib.import_module("torch"), wanted)
    return Diagnosis(sources, decision, settings, advice(decision.facts))


def _apply(ready: Ready) -> Ready | Rejected:
    try:
        return apply_torch_runtime(ready).runtime
    except TorchRuntimeRejected as error:
        return error.rejected
