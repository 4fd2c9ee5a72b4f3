"""How a device is written through the handle, and what a rewrite needs to know of the file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from torchdet.edit.node_edit import NodeEdit
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Finding, MigrationContext, Refuse, Rewrite
from torchdet.findings.project_conditions import NoDeviceChosen, NotCompiled
from torchdet.reading.devices.current_device import chooses_device_for_itself
from torchdet.reading.module_role import ModuleRole, module_role
from torchdet.reading.scripted import CompiledCode, is_in_forward

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_COMPILED = Grounds(
    "TorchScript compiles this code, or fx traces it, and cannot read a handle there",
    "take the device from a tensor, such as `x.device`, or pass it as an argument",
)


class DeviceWords:
    """The words for devices in one file.

    - `device`: the handle's device, a ``torch.device`` with its index.
    - `text`: its type, ``"cuda"`` where there is CUDA, which means the current device of that type.
    """

    def __init__(self, context: MigrationContext) -> None:
        self.handle = context.handle
        self.facts: FileFacts = context.facts
        self.module_name = context.rules.module_name
        self.chosen_by_hand = chooses_device_for_itself(context.facts)
        self.text = f"{context.handle}.device.type"
        self.device = f"{self.handle}.device"
        self.in_test = module_role(context.rules) is ModuleRole.TEST
        self._named = re.compile(rf"\b{re.escape(self.handle)}\b")
        self._compiled = CompiledCode(context.facts)

    def current(
        self,
        finding: Finding[object],
        edits: Callable[[str], tuple[NodeEdit, ...]],
        *,
        risk: Grounds | None = None,
    ) -> Rewrite:
        """The rewrite by ``edits`` of the current device, in a place that takes either form.

        That is the handle's device, and its type where somebody chooses the current one by hand.
        """
        by_type = self.rewrite(finding, edits(self.text), self.text, risk=risk)
        if self.chosen_by_hand:
            return by_type
        by_device = self.rewrite(finding, edits(self.device), self.device, risk=risk)
        return self.as_current(by_device, by_type)

    def looked_up(self, spelled: str) -> str:
        """The device that the code ``spelled`` names, by the policy's table."""
        return f"{self.handle}.device_for({spelled})"

    def refused(self, finding: Finding[object]) -> Refuse | None:
        """The refusal of anything in code that cannot read a handle."""
        if not self._compiled.holds(finding.node):
            return None
        return Refuse(finding, _COMPILED)

    def rewrite(
        self,
        finding: Finding[object],
        edits: tuple[NodeEdit, ...],
        written: str,
        *,
        risk: Grounds | None = None,
    ) -> Rewrite:
        """``edits`` that mend ``finding`` by writing ``written``."""
        texts = (getattr(edit, "text", "") for edit in edits)
        needs_handle = any(self._named.search(text) is not None for text in texts)
        compiled = is_in_forward(finding.node, self.facts)
        package = self.module_name.partition(".")[0]
        conditions = (NotCompiled(package),) if compiled else ()
        return Rewrite(
            finding, edits, f"`{written}`", needs_handle, risk=risk, conditions=conditions
        )

    def as_current(self, rewrite: Rewrite, otherwise: Rewrite | None) -> Rewrite:
        """``rewrite``, in which the handle's device stands for the current one.

        Where a file of the project chooses the current device by hand, ``otherwise`` is made.
        """
        conditions = (*rewrite.conditions, NoDeviceChosen())
        return replace(rewrite, conditions=conditions, otherwise=otherwise)
