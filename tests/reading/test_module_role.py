from __future__ import annotations

import pytest

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.facts.lazy import cst
from torchdet.facts.walk import descendants
from torchdet.model.config import LintConfig
from torchdet.model.source import SourceText
from torchdet.reading.context import Context
from torchdet.reading.module_role import (
    ModuleRole,
    module_role,
    runs_at_import,
    runs_once_at_start,
    runs_only_as_program,
    starts_program,
)

MAIN = 'if __name__ == "__main__":\n    main()\n'


def context(path: str, text: str = "", module_name: str | None = None) -> Context:
    facts = FileFacts.parse(SourceText(text), Wanted())
    name = path.rpartition("/")[2].partition(".")[0] if module_name is None else module_name
    return Context(facts, LintConfig(), path, name)


@pytest.mark.parametrize(
    ("path", "module_name", "text", "role"),
    [
        ("src/kit/layers.py", "kit.layers", "", ModuleRole.LIBRARY),
        ("src/kit/__init__.py", "kit", "", ModuleRole.LIBRARY),
        ("src/kit/train.py", "kit.train", MAIN, ModuleRole.ENTRY_POINT),
        ("train.py", "train", MAIN, ModuleRole.ENTRY_POINT),
        ("train.py", "train", "", ModuleRole.SCRIPT),
        ("train.py", "train", 'if __name__ != "__main__":\n    main()\n', ModuleRole.SCRIPT),
        ("tests/helpers.py", "helpers", "", ModuleRole.TEST),
        ("tests/helpers.py", "tests.helpers", "", ModuleRole.TEST),
        ("kit/testing/compare.py", "kit.testing.compare", "", ModuleRole.TEST),
        ("conftest.py", "conftest", "", ModuleRole.TEST),
        ("src/kit/test_layers.py", "kit.test_layers", MAIN, ModuleRole.TEST),
        ("src/kit/layers_test.py", "kit.layers_test", "", ModuleRole.TEST),
        ("test.py", "test", "", ModuleRole.SCRIPT),
        ("/home/me/tests/kit/train.py", "train", "", ModuleRole.SCRIPT),
        ("setup.py", "setup", "from setuptools import setup\n", ModuleRole.BUILD_SCRIPT),
        ("kit/setup.py", "kit.setup", "from setuptools import setup\n", ModuleRole.LIBRARY),
        ("setup.py", "setup", "import torch\n", ModuleRole.SCRIPT),
        ("explore.ipynb", "explore", "", ModuleRole.NOTEBOOK),
        ("explore.py", "explore", "# %% [markdown]\n# Look\n", ModuleRole.NOTEBOOK),
        ("explore.py", "explore", "# In[12]:\n\nimport torch\n", ModuleRole.NOTEBOOK),
    ],
)
def test_roles(path: str, module_name: str, text: str, role: ModuleRole) -> None:
    assert module_role(context(path, text, module_name)) is role


@pytest.mark.parametrize(
    ("path", "module_name", "text", "starts"),
    [
        ("train.py", "train", "", True),
        ("kit/train.py", "kit.train", MAIN, True),
        ("kit/train.py", "kit.train", "", False),
        ("test_train.py", "test_train", "", False),
        ("test_train.py", "test_train", MAIN, True),
        ("setup.py", "setup", "from setuptools import setup\n", False),
    ],
)
def test_what_starts_a_program(path: str, module_name: str, text: str, starts: bool) -> None:
    assert starts_program(context(path, text, module_name)) is starts


def called(name: str, text: str) -> tuple[cst.Call, FileFacts]:
    facts = context("train.py", text).facts
    calls = (node for node in descendants(facts.module) if isinstance(node, cst.Call))
    return next(call for call in calls if facts.code(call.func) == name), facts


@pytest.mark.parametrize(
    ("text", "at_import", "as_program"),
    [
        ("f()\n", True, False),
        ("class A:\n    x = f()\n", True, False),
        ("def g(x=f()): pass\n", True, False),
        ("def g():\n    f()\n", False, False),
        ("g = lambda: f()\n", False, False),
        ('if __name__ == "__main__":\n    f()\n', False, True),
        ('if "__main__" == __name__:\n    f()\n', False, True),
        ('if __name__ == "__main__" and not debug:\n    f()\n', False, True),
        ('if __name__ == "__main__":\n    pass\nelse:\n    f()\n', True, False),
        ('if __name__ != "__main__":\n    pass\nelse:\n    f()\n', False, True),
        ('import sys\nif __name__ != "__main__":\n    sys.exit()\nf()\n', False, True),
        ('if __name__ == "__main__":\n    def g():\n        f()\n', False, True),
        ('if __name__ == "__main__":\n    g = lambda: f()\n', False, True),
        ('if __name__ == "train":\n    f()\n', True, False),
        ('if name == "__main__":\n    f()\n', True, False),
    ],
)
def test_when_code_runs(text: str, at_import: bool, as_program: bool) -> None:
    call, facts = called("f", text)
    assert runs_at_import(call, facts) is at_import
    assert runs_only_as_program(call, facts) is as_program


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("f()\n", True),
        ('if __name__ == "__main__":\n    f()\n', True),
        ("for _ in range(3):\n    f()\n", False),
        ("def g():\n    f()\n", False),
    ],
)
def test_what_runs_once_at_the_start(text: str, once: bool) -> None:
    assert runs_once_at_start(*called("f", text)) is once
