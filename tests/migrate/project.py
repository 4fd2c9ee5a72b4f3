"""Migrates the few files of a test, each in a folder of its own making."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from torchdet.engine.discover import SourceFile
from torchdet.migrate.migrate_files import MigratedFile, change_of, migrate_files
from torchdet.model.config import LintConfig, MigrateConfig
from torchdet.model.migration import Refusal


@dataclass(frozen=True)
class Migrated:
    """The texts that came out, by path, new files included, and what was refused in each."""

    texts: dict[str, str]
    refusals: dict[str, tuple[Refusal, ...]]


def migrate(
    texts: Mapping[str, str],
    codes: Sequence[str],
    lint: LintConfig | None = None,
    config: MigrateConfig | None = None,
) -> Migrated:
    """Migrate ``texts``, which are keyed by their path, by what answers for the rules ``codes``."""
    settings = replace(lint or LintConfig(), select=tuple(codes))
    with TemporaryDirectory() as folder:
        files = [_write(Path(folder), path, text, settings) for path, text in texts.items()]
        outcomes = migrate_files(files, config or MigrateConfig(), jobs=1)
        given, made = outcomes[: len(texts)], outcomes[len(texts) :]
        by_path = dict(zip(texts, given, strict=True))
        new = {os.path.relpath(each.account.path, folder): each for each in made}
        return Migrated(
            {path: _text(outcome) for path, outcome in (by_path | new).items()},
            {path: outcome.account.refusals for path, outcome in by_path.items()},
        )


def _write(folder: Path, path: str, text: str, config: LintConfig) -> SourceFile:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())
    module = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    return SourceFile(str(file), module, config)


def _text(outcome: MigratedFile) -> str:
    assert outcome.account.failed is None, outcome.account.failed
    change = change_of(outcome)
    data = Path(outcome.account.path).read_bytes() if change is None else change.after
    return data.decode()
