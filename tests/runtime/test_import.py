"""What importing the runtime costs and pulls in, and that its public names are all there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import torchdet.runtime
from tests.runtime.support import run_python

FOREIGN = {"libcst", "click", "torch", "numpy", "platformdirs"}


def test_importing_the_package_imports_nothing_else(tmp_path):
    code = """
        import sys
        import torchdet.runtime
        print(sorted(name for name in sys.modules if name.startswith("torchdet")))
        torchdet.runtime.RuntimePolicy(), torchdet.runtime.get_torch_handle
        import torchdet.runtime.process, torchdet.runtime.diagnosis
        print(sorted(FOREIGN & set(sys.modules)))
    """.replace("FOREIGN", repr(FOREIGN))
    assert run_python(code, cwd=tmp_path).split("\n") == ["['torchdet', 'torchdet.runtime']", "[]"]


def test_every_public_name_is_there_and_listed():
    for name in torchdet.runtime.__all__:
        assert getattr(torchdet.runtime, name) is not None
    assert set(torchdet.runtime.__all__) == set(torchdet.runtime._MODULE_OF)
    assert set(torchdet.runtime.__all__) <= set(dir(torchdet.runtime))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        torchdet.runtime.nothing  # noqa: B018


def test_the_types_that_checkers_see_are_the_names_that_python_gives():
    tree = ast.parse(Path(torchdet.runtime.__file__).read_text(encoding="utf-8"))
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.name: node.module
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    lazily = {k: f"torchdet.runtime.{v}" for k, v in torchdet.runtime._MODULE_OF.items()}
    assert typed == lazily
