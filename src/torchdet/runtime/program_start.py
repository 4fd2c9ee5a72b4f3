"""Sets up each process of a program that ``torchdet run`` has started, before its first line.

``startup/sitecustomize.py`` calls ``set_up_process`` in the program itself and in every Python that
it starts: there the policy holds from the moment in which torch has been imported. Forked children
inherit it.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from torchdet.import_hook import when_imported
from torchdet.runtime.errors import RuntimeSetupError
from torchdet.runtime.facts import ChildProcess
from torchdet.runtime.policy import RuntimePolicy, policy_from_mapping
from torchdet.runtime.probe import probe_process_role

VARIABLE = "TORCHDET_RUN"
"""Holds the specification in the program and in all that it starts."""

_STARTUP = Path(__file__).parents[1] / "startup"
_REJECTED = 2
_HASH_SEEDS = 2**32


@dataclass(frozen=True, slots=True)
class ProgramSpec:
    """How the processes of a program are set up.

    ``redirection`` is the mode of answers under which devices are redirected, empty for not at all;
    ``is_child`` is whether the process that reads this was started by the program.
    """

    policy: RuntimePolicy
    redirection: str = ""
    is_child: bool = False

    def to_text(self) -> str:
        """The specification as the value of ``VARIABLE``."""
        return json.dumps({
            "policy": self.policy.as_dict(), "redirection": self.redirection,
            "is_child": self.is_child,
        })  # fmt: skip

    @classmethod
    def of_process(cls, environment: Mapping[str, str]) -> ProgramSpec | None:
        """The specification that a process was started with, or None."""
        text = environment.get(VARIABLE)
        if not text:
            return None
        fields = json.loads(text)
        return cls(**{**fields, "policy": policy_from_mapping(fields["policy"])})

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """The environment of the program: strings hash alike in every run, too."""
        changed = {**with_startup(inherited), VARIABLE: self.to_text()}
        if self.policy.seed is not None:
            changed.setdefault("PYTHONHASHSEED", str(self.policy.seed % _HASH_SEEDS))
        return changed


def with_startup(inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment in which every Python runs torchdet's ``sitecustomize`` first."""
    paths = inherited.get("PYTHONPATH", "").split(os.pathsep)
    kept = [each for each in paths if each and each != str(_STARTUP)]
    return {**inherited, "PYTHONPATH": os.pathsep.join([str(_STARTUP), *kept])}


def set_up_process() -> None:
    """Set up this process by the specification that it was started with.

    One that may not run torch under the policy is ended, with every reason.
    """
    spec = ProgramSpec.of_process(os.environ)
    if spec is None:
        return
    if spec.is_child:
        when_imported("torch", lambda: _set_up(spec))
        return
    os.environ[VARIABLE] = replace(spec, is_child=True).to_text()
    _set_up(spec)


def _set_up(spec: ProgramSpec) -> None:
    from torchdet.runtime.drift import watch_for_drift
    from torchdet.runtime.process import get_torch_handle

    try:
        handle = get_torch_handle(spec.policy)
    except RuntimeSetupError as error:
        # Python goes on after an exception in sitecustomize.
        sys.stderr.write(f"torchdet run: {error}\n")
        sys.stderr.flush()
        os._exit(_REJECTED)
    _seed_child(spec.policy)
    if spec.redirection:
        from torchdet.runtime.redirect import AnswerMode, switch_on

        switch_on(handle.runtime.machine, AnswerMode(spec.redirection))
    watch_for_drift(handle.torch, handle.policy)


def _seed_child(policy: RuntimePolicy) -> None:
    """Give a process of ``multiprocessing`` a seed of its own, the same in every run."""
    if policy.seed is None or not isinstance(probe_process_role(), ChildProcess):
        return
    import torch

    from torchdet.runtime.seeding import derive_seed, seed_everything

    seed_everything(torch, derive_seed(policy.seed, salt=multiprocessing.current_process().name))
