from __future__ import annotations

from pathlib import Path

import pytest

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.model.config import LintConfig
from torchdet.model.source import SourceText
from torchdet.reading.context import Context
from torchdet.reading.runtime_modules import in_runtime_module


def is_listed(entry: str, path: str, module_name: str = "", root: str = ".") -> bool:
    config = LintConfig(root=root, runtime_modules=(entry,))
    facts = FileFacts.parse(SourceText(""), Wanted())
    return in_runtime_module(Context(facts, config, path, module_name))


@pytest.mark.parametrize(
    ("entry", "path", "module_name"),
    [
        ("kit.runtime", "src/kit/runtime.py", "kit.runtime"),
        ("kit.runtime", "kit/runtime/cuda/streams.py", "kit.runtime.cuda.streams"),
        ("kit.runtime", "kit/runtime/__init__.py", "kit.runtime"),
        ("kit", "kit/train.py", "kit.train"),
        # Folders without __init__.py shorten the module's name.
        ("kit.runtime.streams", "packages/kit/runtime/streams.py", "streams"),
        ("kit.runtime", "kit/runtime/cuda/streams.py", "streams"),
        ("src/kit/runtime.py", "src/kit/runtime.py", "kit.runtime"),
        ("src/kit/runtime/", "src/kit/runtime/streams.py", "kit.runtime.streams"),
        ("tools/*.py", "tools/probe.py", "probe"),
        ("conftest.py", "conftest.py", "conftest"),
        ("src\\kit", "src/kit/a.py", "kit.a"),
    ],
)
def test_listed(entry: str, path: str, module_name: str) -> None:
    assert is_listed(entry, path, module_name)


@pytest.mark.parametrize(
    ("entry", "path", "module_name"),
    [
        ("kit.runtime", "kit/runtime_tests.py", "kit.runtime_tests"),
        ("kit.runtime", "other/runtime.py", "other.runtime"),
        ("kit.runtime", "kit/__init__.py", "kit"),
        ("runtime", "kit/runtime.py", "kit.runtime"),
        ("kit.runtime.streams", "kit/streams.py", "streams"),
        ("conftest.py", "tests/conftest.py", "tests.conftest"),
        ("tools", "tools.py.bak/x.py", "x"),
    ],
)
def test_not_listed(entry: str, path: str, module_name: str) -> None:
    assert not is_listed(entry, path, module_name)


def test_paths_are_relative_to_the_folder_of_the_configuration(tmp_path: Path) -> None:
    root = str(tmp_path)
    assert is_listed("src/rt.py", str(tmp_path / "src" / "rt.py"), "rt", root)
    assert not is_listed("src/rt.py", str(tmp_path / "lib" / "src" / "rt.py"), "rt", root)


def test_the_facade_is_a_runtime_module() -> None:
    config = LintConfig(facade_module="kit.facade")
    facts = FileFacts.parse(SourceText(""), Wanted())
    assert in_runtime_module(Context(facts, config, "kit/facade.py", "kit.facade"))
    assert not in_runtime_module(Context(facts, config, "kit/train.py", "kit.train"))
