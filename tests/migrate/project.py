"""Migrates the few files of a test, in a folder of their own."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torchdet.engine.discover import SourceFile
from torchdet.migrate.codemod import Codemod
from torchdet.migrate.migrate_files import change_of, migrate_files
from torchdet.model.config import LintConfig, MigrateConfig
from torchdet.model.migration import Refusal


@dataclass(frozen=True)
class Migrated:
    """The texts that came out, by path, and what was refused in each."""

    texts: dict[str, str]
    refusals: dict[str, list[Refusal]]


def migrate(
    texts: Mapping[str, str],
    codemods: Sequence[Codemod],
    lint: LintConfig | None = None,
    config: MigrateConfig | None = None,
) -> Migrated:
    """Migrate ``texts``, which are keyed by their path, with ``codemods`` alone."""
    codes = tuple(sorted({code for codemod in codemods for code in codemod.codes}))
    with tempfile.TemporaryDirectory() as folder:
        lint = replace(lint or LintConfig(), root=folder, select=codes)
        files = {path: SourceFile(f"{folder}/{path}", _module(path), lint) for path in texts}
        for path, text in texts.items():
            Path(files[path].path).parent.mkdir(parents=True, exist_ok=True)
            Path(files[path].path).write_bytes(text.encode())
        outcomes = migrate_files(list(files.values()), config or MigrateConfig(), jobs=1)
        after: dict[str, str] = {}
        for (path, text), outcome in zip(texts.items(), outcomes, strict=True):
            assert outcome.account.failed is None, outcome.account.failed
            change = change_of(outcome)
            after[path] = text if change is None else change.after.decode()
    refusals = (list(outcome.account.refusals) for outcome in outcomes)
    return Migrated(after, dict(zip(texts, refusals, strict=True)))


def _module(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
