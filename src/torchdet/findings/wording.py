"""What the messages of several rules ask for, by the policy of the project."""

from __future__ import annotations

from torchdet.model.config import LintConfig, Policy

FIRST_WITH_ACCELERATOR = (2, 6)
"""The first release with ``torch.accelerator``."""


def runtime_sets(config: LintConfig) -> str:
    """Who sets torch's switches in a project with this policy, to be read before "sets".

    Only a project that has chosen a policy has somebody who does.
    """
    assert config.policy is not Policy.UNDECIDED
    if config.policy is Policy.FACADE:
        return f"importing `{config.facade_module}`"
    if config.policy is Policy.INJECT:
        return "the runtime that makes the handle"
    return "`get_torch_handle()`"


def runtime_device(config: LintConfig, *, indexed: bool) -> str:
    """The device that a project with this policy writes instead of a literal.

    ``indexed`` says that the literal tells one accelerator from another of its kind.
    """
    if config.policy is Policy.UNDECIDED:
        return _plain_device(config, indexed=indexed)
    if config.policy is Policy.FACADE:
        return "the device that the program was started with"
    return "`rt.device_for(...)`" if indexed else "`rt.device`"


def or_in_policy(config: LintConfig, alternative: str) -> str:
    """``, or`` and what only a project with a policy can do instead; nothing in any other."""
    return "" if config.policy is Policy.UNDECIDED else f", or {alternative}"


def _plain_device(config: LintConfig, *, indexed: bool) -> str:
    if config.torch_version < FIRST_WITH_ACCELERATOR:
        return "one that the program chooses in one place"
    return f"`torch.accelerator.current_accelerator()`{' with the index' if indexed else ''}"
