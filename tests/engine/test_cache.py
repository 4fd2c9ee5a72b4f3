"""Where reports are kept between runs, and what is believed of what lies there."""

from __future__ import annotations

import json
import os
import pickle
import stat
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given, strategies

from torchdet.engine import cache as cache_module
from torchdet.engine.cache import ReportCache, prune, usable_folder
from torchdet.engine.cache_entry import Entry, EntryError, decode, encode
from torchdet.engine.check import check_bytes, failure
from torchdet.engine.settings import CheckSettings
from torchdet.findings.registry import all_rules
from torchdet.model.config import LintConfig, Policy
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.private_folder import FolderNotOursError, kept_between_runs

SOURCE = b"""\
import torch
torch.cuda.synchronize()
x = torch.zeros(1).to("cuda")  # noqa
y = x.cuda()
"""
SETTINGS = CheckSettings(all_rules(), LintConfig(), "kit.a")
REPORT = check_bytes("a.py", SOURCE, SETTINGS)

posix = pytest.mark.skipif(sys.platform == "win32", reason="owners and modes of POSIX")


def test_the_environment_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCHDET_CACHE_DIR", str(tmp_path / "named"))
    kept = kept_between_runs()
    assert kept is not None
    assert Path(kept).parent == tmp_path / "named"


@posix
def test_the_platform_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TORCHDET_CACHE_DIR", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert str(kept_between_runs()).startswith(str(tmp_path / "xdg" / "torchdet"))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert str(kept_between_runs()).startswith(str(tmp_path / "home" / ".cache" / "torchdet"))
    monkeypatch.setattr(sys, "platform", "darwin")
    assert str(kept_between_runs()).startswith(str(tmp_path / "home" / "Library" / "Caches"))


@posix
def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TORCHDET_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    assert kept_between_runs() is None


@posix
def test_the_folder_is_made_for_its_user_alone(tmp_path: Path) -> None:
    folder = usable_folder(str(tmp_path / "new" / "v"))
    for each in (folder, folder.parent):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700
    assert usable_folder(str(tmp_path / "new" / "v")) == folder


@posix
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o755, 0o701])
def test_a_folder_that_is_open_to_others_is_not_used(tmp_path: Path, mode: int) -> None:
    kept = tmp_path / "v"
    kept.mkdir()
    kept.chmod(mode)
    with pytest.raises(FolderNotOursError, match="open to other users"):
        usable_folder(str(kept))
    kept.chmod(0o700)
    (kept / "reports").mkdir()
    (kept / "reports").chmod(mode)
    with pytest.raises(FolderNotOursError, match="open to other users"):
        usable_folder(str(kept))


@posix
def test_a_folder_of_somebody_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usable_folder(str(tmp_path / "v"))
    monkeypatch.setattr("os.geteuid", lambda: (tmp_path / "v").stat().st_uid + 1)
    with pytest.raises(FolderNotOursError, match="belongs to another user"):
        usable_folder(str(tmp_path / "v"))


@posix
def test_a_link_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "v").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FolderNotOursError, match="link"):
        usable_folder(str(tmp_path / "v"))


def the_entry(folder: Path) -> Path:
    (entry,) = (path for path in folder.glob("??/*"))
    return entry


def test_a_report_is_found_by_content_and_settings_alone(tmp_path: Path) -> None:
    cache = ReportCache(tmp_path)
    cache.put("a.py", SOURCE, SETTINGS, REPORT)
    assert cache.get("a.py", SOURCE, SETTINGS) == REPORT
    elsewhere = replace(SETTINGS, config=LintConfig(root="/other/checkout"))
    found = cache.get("/other/checkout/a.py", SOURCE, elsewhere)
    assert found == replace(REPORT, path="/other/checkout/a.py")
    assert cache.get("a.py", SOURCE + b"\n", SETTINGS) is None
    for other in (
        replace(SETTINGS, rules=SETTINGS.rules[1:]),
        replace(SETTINGS, module_name="kit.b"),
        replace(SETTINGS, noqa=False),
        replace(SETTINGS, is_test=True),
        replace(SETTINGS, config=LintConfig(target_devices=("mps",))),
    ):
        assert cache.get("a.py", SOURCE, other) is None


# What has done its work once files and rules are selected, or names what gave another value.
OF_NO_CONCERN = {
    *("root", "select", "ignore", "extend_select", "per_file_ignores"),
    *("exclude", "extend_exclude", "respect_gitignore", "torch_version_from", "extend_ignore"),
    *("fail_on", "output_format", "cache_dir", "sources", "include_docs"),
}
OTHERWISE: dict[str, object] = {
    "policy": Policy.UNDECIDED,
    "runtime_modules": ("kit.rt",),
    "facade_module": "kit.facade",
    "severity": (("DET301", Severity.INFO),),
    "min_confidence": Confidence.CERTAIN,
    "fixable": ("DET3",),
    "unfixable": ("DET301",),
    "test_files": ("checks/",),
    "target_devices": ("mps",),
    "helper_operations": (("synchronize", "kit.wait"),),
    "torch_version": (2, 8),
}


def test_every_setting_is_part_of_what_an_entry_belongs_to(tmp_path: Path) -> None:
    keys = {field.name for field in fields(LintConfig)}
    assert keys - OF_NO_CONCERN == set(OTHERWISE), "a new key needs its row here"
    cache = ReportCache(tmp_path)
    cache.put("a.py", SOURCE, SETTINGS, REPORT)
    for key, value in OTHERWISE.items():
        config = replace(SETTINGS.config, **{key: value})  # type: ignore[arg-type]  # by its name
        assert cache.get("a.py", SOURCE, replace(SETTINGS, config=config)) is None, key


def test_what_selects_files_and_rules_is_not_part_of_an_entry(tmp_path: Path) -> None:
    cache = ReportCache(tmp_path)
    cache.put("a.py", SOURCE, SETTINGS, REPORT)
    config = LintConfig(exclude=("x",), extend_exclude=("y",), select=("ALL",))
    assert cache.get("a.py", SOURCE, replace(SETTINGS, config=config)) == REPORT


def test_another_build_has_other_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ReportCache(tmp_path)
    cache.put("a.py", SOURCE, SETTINGS, REPORT)
    monkeypatch.setattr(cache_module, "_build", lambda: "another")
    assert cache.get("a.py", SOURCE, SETTINGS) is None


def test_an_entry_survives_the_round_trip() -> None:
    assert any(diagnostic.fix is not None for diagnostic in REPORT.diagnostics)
    entry = Entry(REPORT, (("module kit.seed", "abc"),))
    assert decode(encode(entry), "a.py") == entry


class Planted:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("planted",)


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(Planted()),
        b"",
        b"null",
        b"[]",
        b"[" * 100_000,
        b"[[], [], 0, 0, []]",
        b"[[], [[1, 2]], false, 0, []]",
        b'[[["DET101"]], [], false, 0, []]',
        b"\xff\xfe",
    ],
)
def test_what_is_no_entry_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    cache = ReportCache(tmp_path / "reports")
    cache.put("a.py", SOURCE, SETTINGS, REPORT)
    the_entry(tmp_path / "reports").write_bytes(content)
    assert cache.get("a.py", SOURCE, SETTINGS) is None
    assert not Path("planted").exists()


VALUES = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.text(),
    lambda inner: strategies.lists(inner, max_size=10),
)


@given(VALUES)
def test_reading_an_entry_raises_nothing_else(value: object) -> None:
    with pytest.raises(EntryError):
        decode(json.dumps([[value], [], False, 0, []]).encode(), "a.py")


@posix
def test_what_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    cache = ReportCache(tmp_path / "reports")
    cache.put("a.py", SOURCE, SETTINGS, REPORT)
    entry = the_entry(tmp_path / "reports")
    entry.unlink()
    os.mkfifo(entry)
    assert cache.get("a.py", SOURCE, SETTINGS) is None
    entry.unlink()
    entry.symlink_to("/dev/zero")
    assert cache.get("a.py", SOURCE, SETTINGS) is None


def test_failures_are_not_kept(tmp_path: Path) -> None:
    cache = ReportCache(tmp_path)
    cache.put("a.py", SOURCE, SETTINGS, failure("a.py", "cannot be read"))
    assert cache.get("a.py", SOURCE, SETTINGS) is None


def age(path: Path, days: float) -> None:
    then = path.stat().st_mtime - days * 24 * 60 * 60
    os.utime(path, (then, then))


def test_what_nothing_has_used_for_a_month_is_removed(tmp_path: Path) -> None:
    cache = ReportCache(tmp_path / "reports")
    for number in range(3):
        cache.put("a.py", SOURCE + b"\n" * number, SETTINGS, REPORT)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "0123").write_bytes(b"")
    entries = sorted((tmp_path / "reports").glob("??/*"))
    left_over = entries[0].with_name("tmp-killed")
    left_over.write_bytes(b"")
    for path in (*entries, tmp_path / "runs" / "0123"):
        age(path, 40)
    age(left_over, 1)
    assert cache.get("a.py", SOURCE, SETTINGS) is not None  # which makes it young again
    prune(tmp_path)
    assert not any((tmp_path / "runs").iterdir())
    age(the_entry(tmp_path / "reports"), 20)
    assert cache.get("a.py", SOURCE, SETTINGS) is not None
    age(the_entry(tmp_path / "reports"), 40)
    prune(tmp_path)  # not again today
    assert the_entry(tmp_path / "reports").exists()
