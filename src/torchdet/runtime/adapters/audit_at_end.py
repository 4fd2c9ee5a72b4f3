"""What an adapter does when a training ends: it audits, and says or refuses what has drifted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.runtime.errors import SettingError

if TYPE_CHECKING:
    from torchdet.runtime.handle import TorchHandle


def audit_at_end(handle: TorchHandle, *, strict: bool) -> None:
    """Audit the settings; drift is logged, and raises `SettingError` if `strict`."""
    audit = handle.audit()
    if strict and not audit.holds:
        raise SettingError(
            "settings changed while the training ran: "
            + "; ".join(
                f"{each.name} reads {each.actual!r}, the policy wants {each.wanted!r}"
                for each in audit.drift
            )
        )
