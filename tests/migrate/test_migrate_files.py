"""The phases together: rounds, conditions, faults, and files that change meanwhile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from torchdet.engine.discover import SourceFile
from torchdet.engine.write_file import ChangedMeanwhileError
from torchdet.migrate.migrate_files import MigratedFile, change_of, migrate_files
from torchdet.model.config import LintConfig, MigrateConfig

MODULE = """\
import torch

def make(n):
    return torch.zeros(n, device=torch.device("cuda" if torch.cuda.is_available() else "cpu"))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def migrate(*paths: str, jobs: int = 1) -> list[MigratedFile]:
    files = [SourceFile(path, path.removesuffix(".py"), LintConfig()) for path in paths]
    return migrate_files(files, MigrateConfig(), jobs=jobs)


def text_after(migrated: MigratedFile) -> str:
    change = change_of(migrated)
    assert change is not None
    return change.after.decode()


def test_nested_findings_are_mended_from_the_outside(folder: Path) -> None:
    (folder / "a.py").write_text(MODULE)
    (migrated,) = migrate("a.py")
    after = text_after(migrated)
    assert "return torch.zeros(n, device=rt.device)\n" in after
    assert migrated.account.refusals == ()


def test_the_outcome_does_not_depend_on_processes_or_order(folder: Path) -> None:
    names = [f"m{number}.py" for number in range(30)]
    for name in names:
        (folder / name).write_text(MODULE + "# padding\n" * 2000)
    alone = [(each.account, text_after(each)) for each in migrate(*names)]
    together = [(each.account, text_after(each)) for each in migrate(*names, jobs=2)]
    assert alone == together
    assert [account.path for account, _ in alone] == names


def test_a_file_that_changed_since_it_was_surveyed_is_left_alone(folder: Path) -> None:
    (folder / "a.py").write_text(MODULE)
    (migrated,) = migrate("a.py")
    (folder / "a.py").write_text(f"{MODULE}# mine\n")
    with pytest.raises(ChangedMeanwhileError):
        change_of(migrated)


def test_a_file_that_nothing_is_found_in_has_no_change(folder: Path) -> None:
    (folder / "a.py").write_text("print('torch')\n")
    (migrated,) = migrate("a.py")
    assert change_of(migrated) is None
    assert migrated.account == replace(migrated.account, made=(), refusals=())


def test_two_names_of_one_file_are_migrated_once(folder: Path) -> None:
    (folder / "a.py").write_text(MODULE)
    (folder / "b.py").symlink_to("a.py")
    assert [each.account.path for each in migrate("a.py", "b.py")] == ["a.py"]


def test_suppressed_findings_stay(folder: Path) -> None:
    (folder / "a.py").write_text("import torch  # noqa: DET101\n\nx = torch.zeros(2)\n")
    (migrated,) = migrate("a.py")
    assert change_of(migrated) is None
    assert migrated.account.refusals == ()
