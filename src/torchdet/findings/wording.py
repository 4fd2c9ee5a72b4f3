"""What the messages of several rules ask for, by the policy of the project."""

from __future__ import annotations

from torchdet.model.config import LintConfig, Policy


def runtime_sets(config: LintConfig) -> str:
    """Who sets torch's switches in a project with this policy, to be read before "sets"."""
    if config.policy is Policy.FACADE:
        return f"importing `{config.facade_module}`"
    if config.policy is Policy.INJECT:
        return "the runtime that makes the handle"
    return "`get_torch_handle()`"


def runtime_device(config: LintConfig, *, indexed: bool) -> str:
    """The device that a project with this policy writes instead of a literal.

    ``indexed`` says that the literal tells one accelerator from another of its kind.
    """
    if config.policy is Policy.FACADE:
        return "the device that the program was started with"
    return "`rt.device_for(...)`" if indexed else "`rt.device`"
