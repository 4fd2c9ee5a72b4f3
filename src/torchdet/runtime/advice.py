"""What would make a process more repeatable, though nothing in it forbids torch to run."""

from __future__ import annotations

from torchdet.runtime.facts import RuntimeFacts, TorchPresent
from torchdet.torch_api.environment_variables import VARIABLES


def advice(facts: RuntimeFacts) -> tuple[str, ...]:
    """Return sentences, each with what was seen and what to do; empty when there is nothing to say.

    >>> from torchdet.runtime.simulate import simulated_facts
    >>> advice(simulated_facts("cpu"))[0].split(";")[0]
    'Python randomises hashes, so the order of sets of text differs from run to run'
    """
    return (*_hashing(facts), *_fallback(facts), *_overridden_variables(facts))


def _hashing(facts: RuntimeFacts) -> list[str]:
    environment = facts.environment
    seed = environment.at_start("PYTHONHASHSEED")
    fixed = seed is not None and seed != "random"
    if environment.python_ignores_environment and fixed:
        return [
            f"PYTHONHASHSEED={seed} has no effect, because Python runs with -E or -I; start it "
            "without them"
        ]
    if fixed or not environment.hash_randomization:
        return []
    return [
        "Python randomises hashes, so the order of sets of text differs from run to run; set "
        "PYTHONHASHSEED (to 0, say) before Python starts if such an order feeds a computation"
    ]


def _fallback(facts: RuntimeFacts) -> list[str]:
    on_mps = isinstance(facts.torch, TorchPresent) and any(
        each.type == "mps" for each in facts.torch.accelerators
    )
    if not on_mps or facts.environment.now("PYTORCH_ENABLE_MPS_FALLBACK") != "1":
        return []
    return [
        "PYTORCH_ENABLE_MPS_FALLBACK=1 moves operations that MPS lacks to the CPU in silence; "
        "unset it to see them"
    ]


# Variables that libraries read once, when torch is imported.
_READ_AT_IMPORT = frozenset(each.name for each in VARIABLES if each.at_import)


def _overridden_variables(facts: RuntimeFacts) -> list[str]:
    if not facts.environment.start_is_known:
        return []
    return [
        f"{each.name} was changed after Python started (from {each.at_start!r} to {each.now!r}); "
        "libraries may have read the old value; set it before"
        for each in facts.environment.variables
        if each.name in _READ_AT_IMPORT and each.at_start != each.now
    ]
