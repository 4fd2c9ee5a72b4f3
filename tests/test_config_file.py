"""Configuration: where it is found, what it means, and what its errors say."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.unprivileged import public_folder, unprivileged
from torchdet.config_file import (
    ConfigError,
    ConfigFinder,
    merged,
    parse_lint_config,
    parse_settings,
    read_lint_config,
)
from torchdet.model.config import LintConfig, Policy
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.patterns import configured_patterns

EVERY_KEY = """
policy = "facade"
runtime-modules = ["kit.runtime.torch_runtime"]
facade-module = "kit.torch_facade"
select = ["DET3"]
ignore = ["DET308"]
extend-select = ["explicit-cpu"]
exclude = ["vendor"]
extend-exclude = ["generated"]
respect-gitignore = false
target-devices = ["cuda", "mps"]
torch-version = "2.9"
min-confidence = "certain"
fail-on = "error"
test-files = ["checks/"]
extend-ignore = ["DET307"]
fixable = ["DET3"]
unfixable = ["DET301"]
output-format = "concise"

[per-file-ignores]
"tests/*" = ["DET101"]

[severity]
DET301 = "error"
"""


def test_every_key_is_read() -> None:
    config = parse_lint_config(EVERY_KEY, root="project")
    assert config == LintConfig(
        root="project",
        policy=Policy.FACADE,
        runtime_modules=("kit.runtime.torch_runtime",),
        facade_module="kit.torch_facade",
        select=("DET3",),
        ignore=("DET308",),
        extend_select=("explicit-cpu",),
        per_file_ignores=(("tests/*", ("DET101",)),),
        exclude=("vendor",),
        extend_exclude=("generated",),
        respect_gitignore=False,
        severity=(("DET301", Severity.ERROR),),
        target_devices=("cuda", "mps"),
        torch_version=(2, 9),
        torch_version_from="torchdet.toml",
        fail_on=Severity.ERROR,
        test_files=("checks/",),
        min_confidence=Confidence.CERTAIN,
        extend_ignore=("DET307",),
        fixable=("DET3",),
        unfixable=("DET301",),
        output_format="concise",
        sources=("torchdet.toml",),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("slect = ['DET3']", "torchdet.toml: unknown key 'slect'; did you mean 'select'?"),
        ("select = 'DET3'", "torchdet.toml: select: expected a list of strings"),
        ("policy = 'facad'", "did you mean 'facade'?"),
        ("policy = 3", "3 is not one of auto, handle, facade, inject, effects"),
        ("select = [1]", "select: expected a list of strings, not [1]"),
        ("torch-version = 2.10", 'torch-version: expected a string such as "2.6", not 2.1'),
        ("per-file-ignores = {'tests/*' = 'DET1'}", "'tests/*': expected a list of strings"),
        ("per-file-ignores = {' ' = ['DET1']}", "the pattern ' ' matches no file"),
        ("[tool.torchdet]\nselect = []", "only pyproject.toml has [tool.torchdet]"),
        ("respect-gitignore = 'no'", "expected true or false"),
        ("severity = {DET301 = 'fatal'}", "'fatal' is not one of error, warning, info"),
        ("min-confidence = 'sure'", "min-confidence: 'sure' is not one of certain, likely"),
        ("per-file-ignores = ['tests']", "expected a table"),
        ("select = [", "not valid TOML"),
        ("policy = 'zzz'", "; did you mean 'auto'?"),
        ("severity = {DET301 = 'eror'}", "did you mean 'error'?"),
        ("severity = {DET301 = [1]}", "severity: [1] is not one of error, warning, info"),
        ("min-confidence = 'sure'", "; did you mean 'likely'?"),
        ("min-confidence = true", "True is not one of certain, likely"),
        ("target-devices = ['tpu9']", "target-devices: 'tpu9' is not one of cpu, cuda, "),
        ("target-devices = ['tpu9']", "; did you mean 'tpu'?"),
        ("target-devices = ['cuda:0']", "; did you mean 'cuda'?"),
        ("target-devices = 'cuda'", "expected a list of strings, not 'cuda'"),
        ("torch-version = '99.9'", "torch-version: '99.9' is not a release of PyTorch"),
        ("torch-version = '99.9'", "did you mean '2.13'?"),
        ("torch-version = '2.99.1'", "did you mean '2.13'?"),
        ("torch-version = '1.99'", "did you mean '1.13'?"),
        ("torch-version = '0.4'", "did you mean '1.0'?"),
        ("torch-version = '2'", "expected a string such as \"2.6\", not '2'"),
        (
            "facade-module = '../../etc/passwd'",
            "expected the name of a module such as",
        ),
        ("facade-module = 'kit.class'", "not 'kit.class'"),
        ("facade-module = ''", "facade-module: expected the name of a module"),
        ("facade-module = 1", "expected a string, not 1"),
        ("runtime-modules = ['../kit.py']", "'../kit.py' leaves the folder"),
        ("runtime-modules = ['/etc/kit.py']", "'/etc/kit.py' leaves the folder"),
        ("runtime-modules = ['kit runtime']", 'expected modules such as "kit.runtime"'),
        ("exclude = ['[']", "exclude: the pattern '[' matches no file: the bracket at '['"),
        ("extend-exclude = ['']", "extend-exclude: the pattern '' matches no file"),
        ("exclude = ['{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}']", "more than 1000"),
        ("per-file-ignores = {'!src/[' = []}", "per-file-ignores: the pattern 'src/['"),
        ("runtime = 3", "runtime: expected a table, not 3"),
        ("exclude = 1" + "0" * 200, "not 1" + "0" * 79 + "…"),
    ],
)
def test_errors_name_the_file_the_key_and_the_remedy(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"torchdet\.toml") as error:
        parse_lint_config(text, root=".")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("select = " + "[" * 100_000, "arrays or tables nested more than 50 levels deep (line 1)"),
        ("select = " + "{a = " * 100_000, "nested more than 50 levels deep"),
        ("a" + ".a" * 50_000 + " = 1", "a key of more than 50 parts (line 1)"),
        (
            "".join(f"severity.DET{n} = 'error'\n" for n in range(50_000)),
            "(line 20001)",
        ),
        ("".join(f"[a.b{n}]\n" for n in range(50_000)), "more than 20000 dotted keys"),
        ("torch-version = " + "1" * 5_000, "torchdet.toml: "),
    ],
)
def test_a_configuration_out_of_all_bounds_is_an_error(text: str, said: str) -> None:
    # Each of these takes the parser minutes, or more of Python's stack than there is.
    with pytest.raises(ConfigError, match=r"^torchdet\.toml: ") as error:
        parse_lint_config(text, root=".")
    assert said in str(error.value)
    assert len(str(error.value)) < 200


def test_strings_and_comments_may_hold_any_number_of_brackets_and_dots() -> None:
    marks = "[{." * 20_000
    text = f'# {marks}\nselect = [\'DET3\', """{marks}"""]\nignore = [\'{marks}\'] # {marks}'
    assert parse_lint_config(text, root=".").select == ("DET3", marks)


def test_a_file_that_is_none_or_too_large_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "torchdet.toml"
    file.write_bytes(b"#" * 2_000_000)
    with pytest.raises(ConfigError, match=r"toml: cannot be read: larger than 1 MiB"):
        ConfigFinder(unchanged)(tmp_path)
    if sys.platform != "win32":
        file.unlink()
        os.mkfifo(file)
        with pytest.raises(ConfigError, match=r"toml: cannot be read: not a regular file"):
            ConfigFinder(unchanged)(tmp_path)


def test_the_runtime_table_belongs_to_the_runtime() -> None:
    config = parse_lint_config("[runtime]\ndevice = 'cpu'\n", root=".")
    assert config == LintConfig(root=".", sources=("torchdet.toml",))


def test_pyproject_without_a_table_is_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'kit'\n")
    assert read_lint_config(tmp_path / "pyproject.toml") is None


def test_an_unreadable_configuration_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "torchdet.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_lint_config(tmp_path / "torchdet.toml")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_configuration_that_may_not_be_read_is_an_error() -> None:
    with public_folder() as folder:
        (folder / "torchdet.toml").write_text("select = ['DET1']\n")
        (folder / "torchdet.toml").chmod(0)
        with unprivileged(), pytest.raises(ConfigError, match=r"toml: cannot be read: Permission"):
            ConfigFinder(unchanged)(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_folder_that_may_not_be_looked_into_holds_no_configuration() -> None:
    with public_folder() as folder:
        (folder / "closed").mkdir(mode=0)
        (folder / "torchdet.toml").write_text("select = ['DET1']\n")
        with unprivileged():
            assert ConfigFinder(unchanged)(folder / "closed").select == ("DET1",)


def unchanged(config: LintConfig) -> LintConfig:
    return config


def test_the_nearest_configuration_wins_and_is_not_merged(tmp_path: Path) -> None:
    inner = tmp_path / "package" / "module"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(
        "[tool.torchdet]\nselect = ['DET1']\nignore = ['DET102']\n"
    )
    (tmp_path / "package" / "torchdet.toml").write_text("select = ['DET2']\n")
    (inner / "pyproject.toml").write_text("[tool.other]\n")
    find = ConfigFinder(unchanged)
    assert find(tmp_path).select == ("DET1",)
    nearest = tmp_path / "package" / "torchdet.toml"
    assert find(inner) == LintConfig(
        root=str(nearest.parent), select=("DET2",), sources=(str(nearest),)
    )


def test_torchdet_toml_goes_before_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.torchdet]\nselect = ['DET1']\n")
    (tmp_path / "torchdet.toml").write_text("select = ['DET2']\n")
    assert ConfigFinder(unchanged)(tmp_path).select == ("DET2",)


def test_an_override_that_refuses_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "torchdet.toml").write_text("select = ['DET1']\n")

    def refuse(_config: LintConfig) -> LintConfig:
        raise ValueError("unknown rule")

    with pytest.raises(ConfigError, match=r"torchdet\.toml: unknown rule"):
        ConfigFinder(refuse)(tmp_path)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder with a configuration that the one in ``kit`` extends."""
    (tmp_path / "kit").mkdir()
    (tmp_path / "base.toml").write_text(
        "select = ['DET3']\nextend-ignore = ['DET301']\nexclude = ['vendor', 'kit/made', 'x/y']\n"
        "runtime-modules = ['kit/rt.py']\nfail-on = 'error'\n"
    )
    (tmp_path / "kit" / "torchdet.toml").write_text(
        "extend = '../base.toml'\nselect = ['DET4']\nextend-ignore = ['DET402']\n"
    )
    return tmp_path


def test_a_file_adds_to_what_it_extends_and_replaces_the_rest(shared: Path) -> None:
    config = ConfigFinder(unchanged)(shared / "kit")
    assert (config.select, config.fail_on) == (("DET4",), Severity.ERROR)
    assert config.extend_ignore == ("DET301", "DET402")
    assert config.sources == (str(shared / "kit" / "torchdet.toml"), str(shared / "base.toml"))
    assert config.policy is Policy.HANDLE, "runtime-modules choose it, wherever they are named"
    assert config.runtime_modules == ("rt.py",)


def test_patterns_are_relative_to_the_file_that_holds_them(shared: Path) -> None:
    config = ConfigFinder(unchanged)(shared / "kit")
    patterns = configured_patterns(config.root, config.exclude)
    for path, excluded in (("vendor", True), ("made", True), ("kit/made", False), ("y", False)):
        assert patterns.match(str(shared / "kit" / path)) is excluded, path


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("extend = 'kit/torchdet.toml'\n", "extends itself in the end"),
        ("slect = []\n", "base.toml: unknown key 'slect'"),
        (None, "base.toml: cannot be read"),
    ],
)
def test_an_extended_file_that_cannot_be_used(shared: Path, base: str | None, said: str) -> None:
    if base is None:
        (shared / "base.toml").unlink()
    else:
        (shared / "base.toml").write_text(base)
    with pytest.raises(ConfigError, match=said):
        ConfigFinder(unchanged)(shared / "kit")


def test_keys_of_the_command_line_go_on_top(tmp_path: Path) -> None:
    config = LintConfig(root=str(tmp_path), extend_select=("DET401",), policy=Policy.INJECT)
    layer = parse_settings("fail-on = 'info'\nextend-select = ['DET402']\n", "--config")
    changed = merged(layer, config)
    assert (changed.fail_on, changed.policy) == (Severity.INFO, Policy.INJECT)
    assert changed.extend_select == ("DET401", "DET402")
    with pytest.raises(ConfigError, match="--config: unknown key"):
        parse_settings("x = 1", "--config")
    with pytest.raises(ConfigError, match="only a file can extend"):
        parse_settings("extend = 'x.toml'", "--config")


@pytest.mark.parametrize("cache", ["../elsewhere", "/tmp/anywhere", "link/reports", "."])
def test_a_cache_that_a_file_names_stays_in_its_folder(tmp_path: Path, cache: str) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "link").symlink_to(tmp_path)
    (project / "torchdet.toml").write_text(f"cache-dir = '{cache}'\n")
    with pytest.raises(ConfigError, match="is not inside"):
        read_lint_config(project / "torchdet.toml")
    (project / "torchdet.toml").write_text("cache-dir = '.kept/reports'\n")
    config = read_lint_config(project / "torchdet.toml")
    assert config is not None
    assert config.cache_dir == str(project / ".kept" / "reports")


def test_a_path_shows_nothing_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    (tmp_path / "torchdet.toml").write_text("extend = '$SECRET.toml'\n")
    with pytest.raises(ConfigError) as raised:
        read_lint_config(tmp_path / "torchdet.toml")
    assert "hunter2" not in str(raised.value)
