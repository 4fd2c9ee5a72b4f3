"""Which calls seed generators of the process, by the names of what is called."""

from __future__ import annotations

import re

from torchdet.facts.handle_names import APPLYING
from torchdet.torch_api.random_numbers import ALL_STREAMS, Seeding, seeding

_HELPER = re.compile(r"seed|determinism|reproducib", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MAKES = frozenset({"make_deterministic", "set_deterministic", "enable_deterministic"})
# How functions begin that tell or make a seed, or say something about one.
_TELLS = re.compile(
    "add|are|assert|calc|check|choose|compute|create|default|derive|draw|gen|generate|get|hash"
    "|initial|is|load|log|make|new|next|parse|pick|print|read|sample|save|to|use|validate"
)
_ELSEWHERE = frozenset({"worker", "workers", "sequence", "size", "bits", "debug", "from"})
_BY_POLICY = Seeding(ALL_STREAMS, always=True)


def seeded_by(name: str) -> Seeding | None:
    """What a call of the qualified ``name`` seeds; None for what is no known function.

    >>> seeded_by("torchdet.runtime.get_torch_handle").always
    True
    """
    if name in APPLYING or f"{name}.".startswith("torchdet.facade."):
        return _BY_POLICY
    return seeding(name)


def is_helper(name: str) -> bool:
    """Whether a function with the last name ``name`` seeds, going by that name alone.

    >>> [is_helper(name) for name in ("set_seed", "seed_everything", "seed_worker", "get_seed")]
    [True, True, False, False]
    """
    if name.lstrip("_") in _MAKES:
        return True
    words = [word.lower() for word in _WORD.findall(name)]
    if _HELPER.search(name) is None or words in ([], ["seed"], ["seeds"]):
        return False
    return _TELLS.fullmatch(words[0]) is None and _ELSEWHERE.isdisjoint(words)
