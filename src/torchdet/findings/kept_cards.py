"""The cards of all rules, kept between runs: importing every rule takes a tenth of a second.

They belong to one build of torchdet, so that a rule that is added or changed is seen at once.
"""

from __future__ import annotations

import os
from binascii import crc32
from collections.abc import Iterable

from torchdet.build import build_id
from torchdet.findings.card import RuleCard
from torchdet.model.config import Policy
from torchdet.model.consequence import Consequence
from torchdet.model.diagnostic import Severity
from torchdet.private_folder import (
    FolderNotOursError,
    kept_between_runs,
    make_private,
    require_private,
    write_private,
)
from torchdet.read_file import read_file

FOLDER = "rules"
_FIELD, _CARD = b"\t", b"\n"


def kept_cards() -> tuple[RuleCard, ...] | None:
    """What an earlier run of the same build kept, or None."""
    path = _path()
    if path is None:
        return None
    try:
        require_private(os.path.dirname(os.path.dirname(path)))
        require_private(os.path.dirname(path))
        build, _, cards = read_file(path).partition(b"\0")
        if build != build_id().encode("utf-8", "surrogateescape"):
            return None
        return tuple(map(_card, cards.split(_CARD)))
    except (OSError, FolderNotOursError, ValueError, KeyError):
        return None


def keep_cards(cards: Iterable[RuleCard]) -> None:
    """Keep ``cards`` for the next run, if there is a place for them."""
    path = _path()
    if path is None:
        return
    lines = _CARD.join(map(_line, cards))
    try:
        make_private(os.path.dirname(os.path.dirname(path)))
        make_private(os.path.dirname(path))
        write_private(path, build_id().encode("utf-8", "surrogateescape") + b"\0" + lines)
    except (OSError, FolderNotOursError):
        return  # it costs the next run its time


def _path() -> str | None:
    kept = kept_between_runs()
    if kept is None:
        return None
    # A checksum will do: the file holds the build itself.
    name = f"{crc32(build_id().encode('utf-8', 'surrogateescape')):08x}"
    return os.path.join(kept, FOLDER, name)


def _line(card: RuleCard) -> bytes:
    causes = card.causes.name if card.causes is not None else ""
    flags = str(int(card.default)), str(int(card.eased_in_tests))
    policies = " ".join(policy.name for policy in card.policies)
    texts = (card.code, card.module, card.severity.value, causes, *flags, policies)
    fields = (
        *(text.encode() for text in (*texts, str(len(card.requires)))),
        *card.requires,
        *card.triggers,
    )
    assert not any(_FIELD in field or _CARD in field for field in fields)
    return _FIELD.join(fields)


def _card(line: bytes) -> RuleCard:
    """Raises ``ValueError`` or ``KeyError`` for a line that ``_line`` did not write."""
    code, module, severity, causes, default, eased, policies, required, *words = line.split(_FIELD)
    return RuleCard(
        code=code.decode(),
        module=module.decode(),
        severity=Severity(severity.decode()),
        triggers=tuple(words[int(required) :]),
        requires=tuple(words[: int(required)]),
        default=default == b"1",
        causes=Consequence[causes.decode()] if causes else None,
        eased_in_tests=eased == b"1",
        policies=tuple(Policy[name] for name in policies.decode().split()),
    )
