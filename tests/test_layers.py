"""The one-way order of the packages, and what a run never imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rows import every_row

PACKAGE = Path(__file__).parents[1] / "src" / "torchdet"

ORDER = ["model", "torch_api", "facts", "reading", "edit", "findings", "engine", "migrate", "cli"]
"""Each sees itself and those before it."""

SEES = {
    **{name: set(ORDER[: index + 1]) for index, name in enumerate(ORDER)},
    "read_file": set(),
    "glob_pattern": set(),
    "patterns": {"glob_pattern"},
    "bounded_toml": set(),
    "report": {"report", "model", "read_file"},
    "config_file": {
        "config_file",
        "model",
        "torch_api",
        "read_file",
        "glob_pattern",
        "bounded_toml",
    },
    "integrations": {*ORDER, "report", "config_file", "integrations"} - {"cli"},
    "runtime": {
        "runtime",
        "bounded_toml",
        "import_hook",
        "torch_api",
    },  # its data: see the test below
    "facade": {"runtime"},
    "dev": {*ORDER, "dev"},
    "pytest_plugin": {"runtime"},
    "terminal": set(),
    "import_hook": set(),
    "startup": set(),  # it names what it loads by its environment
    "build": {"read_file"},
    "private_folder": set(),
    "__main__": {"cli", "engine"},
    "__init__": set(),
}
for opens_files in ("engine", "migrate", "cli", "integrations", "runtime"):
    SEES[opens_files].add("read_file")
SEES["reading"].add("bounded_toml")
for matches_paths in ("reading", "engine"):
    SEES[matches_paths].add("patterns")
SEES["findings"] |= {"build", "private_folder", "read_file"}
SEES["engine"] |= {"build", "private_folder", "glob_pattern", "terminal"}
SEES["cli"] |= {"terminal", "private_folder"}
SEES["cli"] |= {"report", "config_file"}
SEES["verify"] = {"verify", "runtime", "import_hook", "read_file"}
SEES["verify/presentation"] = {"verify", "model", "report", "read_file"}
SEES["verify/static_match"] = {"verify", "model", "engine", "torch_api", "read_file"}
SEES["runtime/handle"] = SEES["runtime"] | {"verify"}  # a trace, where one is asked for
SEES["pytest_plugin"] |= {"verify"}
SEES["cli/server"] = SEES["cli"] | {"integrations"}
SEES["cli/verify"] = SEES["cli"] | {"verify"}
SEES["cli/run"] = SEES["cli"] | {"runtime"}
SEES["cli/doctor"] = SEES["cli"] | {"runtime"}  # it prints what the runtime's probe says

THIRD_PARTIES = {
    "libcst": {"facts", "reading", "edit", "findings", "engine", "migrate"},
    "click": {"cli"},
    "nbformat": {"engine"},
    "lsprotocol": {"integrations"},
    "pygls": {"integrations"},
    "packaging": {"reading"},
    "wcwidth": {"report"},
    "torch": {"runtime", "facade", "verify", "dev"},
    "xxhash": {"verify"},
    "pytest": {"pytest_plugin"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def layer(path: Path) -> str:
    """The package of a module, or the module itself where it has rules of its own."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "/".join(parts[:2]) if "/".join(parts[:2]) in SEES else parts[0]


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Row and dotted name of each import, those in functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            assert node.module is not None
            if node.module == "torchdet":
                yield from ((node.lineno, f"torchdet.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, node.module


@every_row(MODULES, name=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    for row, name in imported(path):
        package, _, rest = name.partition(".")
        if package == "torchdet" and rest != "__version__":
            target = rest.partition(".")[0]
            assert target in SEES[layer(path)], f"{path}:{row}: {layer(path)} imports {name}"
        elif package in THIRD_PARTIES:
            assert layer(path).partition("/")[0] in THIRD_PARTIES[package], f"{path}:{row}: {name}"


def documented_layers() -> dict[str, set[str]]:
    """What each package may import, from the table in ``docs/architecture.md``."""
    page = (PACKAGE.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|.*\|([^|]*)\|$", page, re.MULTILINE)
    return {package: {package, *re.findall(r"`(\w+)`", cell)} for package, cell in rows}


def test_the_architecture_page_tells_who_imports_whom() -> None:
    documented = documented_layers()
    expected = {name: SEES[name] | {name} for name in documented}
    assert documented == expected
    assert set(ORDER) <= set(documented)


def test_the_modules_that_the_architecture_page_names_exist() -> None:
    page = (PACKAGE.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+/[\w/]+\.py)`", page)) - {"tests/test_layers.py"}
    assert named
    assert {name for name in named if not (PACKAGE / name).is_file()} == set()


def test_the_runtime_reads_data_of_torch_api_that_imports_no_other() -> None:
    data = {
        name
        for path in MODULES
        if layer(path) == "runtime"
        for _, name in imported(path)
        if name.startswith("torchdet.torch_api")
    }
    assert data == {
        "torchdet.torch_api.device_modules",
        "torchdet.torch_api.environment_variables",
        "torchdet.torch_api.switch_setters",
        "torchdet.torch_api.switches",
    }
    for name in data:
        path = PACKAGE.parent.joinpath(*name.split(".")).with_suffix(".py")
        others = {each for _, each in imported(path) if each.startswith("torchdet")}
        assert others <= {*data, "torchdet.torch_api.tables"}, "which reads the generated tables"


def test_every_package_has_its_place() -> None:
    assert {layer(path) for path in MODULES} <= set(SEES)


def modules_after(code: str, *names: str) -> set[str]:
    """Those of ``names`` that a fresh interpreter has loaded after ``code``."""
    # LibCST's lazy stand-in is in sys.modules before LibCST is; its parts are not.
    parts = {"libcst": "libcst._nodes.base"}
    listing = ", ".join(repr(parts.get(name, name)) for name in names)
    program = f"{code}\nimport sys\nprint([n for n in ({listing},) if n in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    loaded = set(ast.literal_eval(run.stdout.splitlines()[-1]))
    return {name for name in names if parts.get(name, name) in loaded}


CHECK = """
import os
from torchdet.engine.check import check_bytes
from torchdet.engine.settings import settings_for
from torchdet.model.config import LintConfig
settings = settings_for("a.py", "a", LintConfig(select=("ALL",)))
report = check_bytes("a.py", {data!r}, settings)
assert bool(report.diagnostics) is {finds}, report
"""
FINDING = b"import torch\ntorch.set_default_dtype(torch.float64)\n"
NEVER = ("torch", "click", "numpy")
COSTLY = ("multiprocessing", "packaging", "subprocess", "tempfile", "tomllib")
"""What takes milliseconds to import, and a run over clean files without configuration spares."""


def test_linting_never_imports_torch() -> None:
    code = CHECK.format(data=FINDING, finds=True)
    assert modules_after(code, "libcst", *NEVER) == {"libcst"}


def test_matchers_and_codemods_of_libcst_stay_unloaded() -> None:
    code = CHECK.format(data=FINDING, finds=True)
    assert modules_after(code, "libcst.matchers", "libcst.codemod") == set()


def test_checking_files_without_a_trigger_does_not_import_libcst() -> None:
    code = CHECK.format(data=b"x = 1\ny = x + 1\n", finds=False)
    assert modules_after(code, "libcst", *NEVER) == set()


def test_a_file_that_cannot_be_decoded_needs_no_libcst() -> None:
    code = CHECK.format(data=b"import torch\nx = '\xff'\n", finds=True)
    assert modules_after(code, "libcst", *NEVER) == set()


@pytest.mark.parametrize("module", ["torchdet", "torchdet.runtime", "torchdet.runtime.devices"])
def test_the_runtime_imports_neither_the_linter_nor_torch(module: str) -> None:
    names = ("libcst", "click", "torch", "torchdet.model", "torchdet.engine")
    assert modules_after(f"import {module}", *names) == set()


def test_help_is_cheap(tmp_path: Path) -> None:
    help_text = "import sys\nsys.argv = ['torchdet', '--help']\n"
    help_text += "from torchdet.__main__ import main\ntry: main()\nexcept SystemExit: pass\n"
    assert modules_after(help_text, "libcst", "torch") == set()


def linting(path: Path) -> str:
    """A program that lints ``path`` without a cache."""
    arguments = ["torchdet", "lint", "--isolated", "--no-cache", str(path)]
    run = "from torchdet.__main__ import main\ntry: main()\nexcept SystemExit: pass\n"
    return f"import sys\nsys.argv = {arguments!r}\n{run}"


def test_a_run_over_clean_files_is_cheap(tmp_path: Path) -> None:
    (tmp_path / "clean.py").write_text("x = 1\n")
    modules_after(linting(tmp_path), "torch")  # the first run of a build keeps cards of the rules
    assert modules_after(linting(tmp_path), "libcst", "torch", *COSTLY) == set()


def test_a_small_run_does_not_import_what_starts_processes(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_bytes(FINDING)
    costly = ("torch", "torchdet.engine.processes")
    assert modules_after(linting(tmp_path), "libcst", *costly) == {"libcst"}


OPENS_FILES = {
    "read_file.py": "the one reader",
    "engine/write_file.py": "the writer",
    "private_folder.py": "writes what only the user may see",
    "engine/build.py": "torchdet's own files",
    "engine/machine.py": "/proc",
    "cli/_run.py": "the null device",
    "runtime/ffi/build.py": "the sources of the library, in the folder that was named",
    "runtime/host.py": "/proc",
    "runtime/masquerade/memory_figures.py": "a snapshot, where the program wants it",
    "runtime/memory.py": "/proc and /sys",
    "runtime/probe.py": "/proc",
    "verify/trace/record_log.py": "traces, in a folder of the run's own",
    "verify/trace/stream_writer.py": "the same",
    "verify/trace/trace_reader.py": "the same",
    "verify/recorder/operation_capture.py": "the same",
}
"""The modules that open files, and which; what a repository may have put there goes one way."""

OPENERS = frozenset({"open", "fdopen", "read_text", "read_bytes", "write_text", "write_bytes"})


@every_row(MODULES, name=lambda path: str(path.relative_to(PACKAGE)))
def test_files_are_opened_in_one_place(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    if name in OPENS_FILES or name.startswith("dev/"):
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            opener = called.id if isinstance(called, ast.Name) else None
            if isinstance(called, ast.Attribute):
                opener = called.attr
            own = isinstance(called, ast.Name) and called.id == "write_text"
            assert own or opener not in OPENERS, f"{name}:{node.lineno}: {opener}"
