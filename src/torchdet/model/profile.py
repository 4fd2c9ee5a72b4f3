"""What a project looks like to somebody who is about to configure torchdet for it."""

from __future__ import annotations

from dataclasses import dataclass

from torchdet.model.config import Policy


@dataclass(frozen=True, slots=True)
class Profile:
    """The values of the keys that a first configuration has; empty or None where nothing is seen.

    ``policy`` is ``AUTO`` where the project has not chosen, ``policy_from`` what else it shows.
    ``torch_version_from`` is the file that requires ``torch_version``.
    """

    policy: Policy
    policy_from: str
    runtime_modules: tuple[str, ...] = ()
    target_devices: tuple[str, ...] = ()
    torch_version: tuple[int, int] | None = None
    torch_version_from: str = ""
    test_files: tuple[str, ...] = ()
