"""The random streams of a program, and which calls seed them."""

from __future__ import annotations

import re
from enum import Enum

from torchdet.facts.handle_names import APPLYING
from torchdet.torch_api.random_numbers import (
    NUMPY_SEEDERS,
    PYTHON_SEEDERS,
    TORCH_SEEDING_NAMES,
)


class Stream(Enum):
    """A generator that belongs to the whole process."""

    TORCH = "torch"
    PYTHON = "random"
    NUMPY = "numpy"


ALL_STREAMS = frozenset(Stream)

# Functions that seed, or put back a state that was kept: what they do without an argument is
# another matter.
_SEEDING = {
    **dict.fromkeys(PYTHON_SEEDERS, Stream.PYTHON),
    **dict.fromkeys(NUMPY_SEEDERS, Stream.NUMPY),
}

# What frameworks seed on their own: Hugging Face's trainers and Lightning's command line (with a
# default), Ultralytics' models (`seed=0`), and the runtime (from the project's policy).
_SEEDS_ITSELF = re.compile(
    r"(transformers|trl|sentence_transformers|setfit)\.([\w.]*\.)?\w*Trainer"
    r"|([\w.]+\.)?LightningCLI"
    r"|ultralytics\.([\w.]*\.)?[A-Z]\w*"
    r"|pyro\.set_rng_seed"
    r"|torchdet\.facade(\..+)?"
)
_HELPER = re.compile(r"seed|determinism|reproducib", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MAKES = frozenset({"make_deterministic", "set_deterministic", "enable_deterministic"})
# How functions begin that tell or make a seed, or say something about one.
_TELLS = re.compile(
    "add|are|assert|calc|check|choose|compute|create|default|derive|draw|gen|generate|get|hash"
    "|initial|is|load|log|make|new|next|parse|pick|print|read|sample|save|to|use|validate"
)
_ELSEWHERE = frozenset({"worker", "workers", "sequence", "size", "bits", "debug", "from"})


def seeded_by(name: str, *, with_argument: bool) -> frozenset[Stream] | None:
    """The streams that a call of the qualified ``name`` seeds; None for what is no known function.

    A call or a subscript inside the name is written ``()``: ``torch.Generator.().manual_seed``
    seeds a generator of its own.

    >>> seeded_by("numpy.random.seed", with_argument=True) == {Stream.NUMPY}
    True
    >>> seeded_by("numpy.random.seed", with_argument=False)
    frozenset()
    """
    if name in _SEEDING:
        return frozenset({_SEEDING[name]} if with_argument else ())
    package, _, rest = name.partition(".")
    if package == "torch":
        seeds = rest.rpartition(".")[2] in TORCH_SEEDING_NAMES and "()" not in rest
        return frozenset({Stream.TORCH} if seeds else ())
    if name in APPLYING or _SEEDS_ITSELF.fullmatch(name):
        return ALL_STREAMS
    return None


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
