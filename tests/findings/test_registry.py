"""The rules as a run knows them before it imports any, and which of them a file concerns."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, strategies

from torchdet.findings import kept_cards as kept
from torchdet.findings.card import RuleCard
from torchdet.findings.kept_cards import keep_cards, kept_cards
from torchdet.findings.registry import all_rules, triggered

RULES = all_rules()
WORDS = sorted({word for rule in RULES for word in (*rule.triggers, *rule.requires)})


def known(card: RuleCard) -> tuple[object, ...]:
    return (card.code, card.module, card.severity, card.triggers, card.requires, card.default)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHDET_CACHE_DIR", str(tmp_path / "cache"))


def test_kept_cards_are_those_of_the_rules_and_load_them() -> None:
    assert kept_cards() is None
    keep_cards(RULES)
    cards = kept_cards()
    assert cards is not None
    assert list(map(known, cards)) == list(map(known, RULES))
    assert all(card.load() is rule for card, rule in zip(cards, RULES, strict=True))


def test_cards_belong_to_one_build(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_cards(RULES)
    monkeypatch.setattr(kept, "build_id", lambda: "another")
    assert kept_cards() is None


def test_damaged_cards_are_none(tmp_path: Path) -> None:
    keep_cards(RULES)
    (file,) = (tmp_path / "cache").glob("*/rules/*")
    file.write_bytes(file.read_bytes()[:-1000].partition(b"\n")[0] + b"\nnonsense")
    assert kept_cards() is None


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_cards_that_others_may_have_written_are_not_believed(tmp_path: Path) -> None:
    keep_cards(RULES)
    (folder,) = (tmp_path / "cache").glob("*/rules")
    folder.chmod(0o777)
    assert kept_cards() is None


PIECES = strategies.sampled_from(
    [*WORDS, b" ", b"\n", b"_", b"a", b"\xc3\xa4", b"'", b"(", b".", b"torch", b"\xff"]
)


@given(strategies.lists(PIECES, max_size=30).map(b"".join))
def test_triggers_are_found_in_whatever_word_they_stand(data: bytes) -> None:
    plain = tuple(
        rule
        for rule in RULES
        if any(trigger in data for trigger in rule.triggers)
        and (not rule.requires or any(word in data for word in rule.requires))
    )
    assert triggered(RULES, data) == plain
