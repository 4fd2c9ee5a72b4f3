"""Who reads a module's name from another file."""

from __future__ import annotations

import pytest

from torchdet.findings.project_conditions import NotCompiled, NotReadElsewhere
from torchdet.migrate.readers import violated_by
from torchdet.reading.project import ModuleSource

CONDITION = NotReadElsewhere("kit.config", "DEVICE")


def is_read_by(code: str, module: str = "kit.train", *, is_package: bool = False) -> bool:
    return bool(
        violated_by(ModuleSource(module, code.encode(), is_package=is_package), [CONDITION])
    )


@pytest.mark.parametrize(
    "code",
    [
        "from kit.config import DEVICE",
        "from kit.config import DEVICE as device",
        "from .config import DEVICE",
        "from . import config\nprint(config.DEVICE)",
        "import kit.config\nprint(kit.config.DEVICE)",
        "import kit.config as c\n\ndef f():\n    return c.DEVICE == 'cuda'",
        "from kit.config import *\nprint(DEVICE)",
        "from kit import config\nconfig.DEVICE = 'cpu'",
    ],
)
def test_a_module_that_takes_the_name_reads_it(code: str) -> None:
    assert is_read_by(code)


@pytest.mark.parametrize(
    "code",
    [
        "DEVICE = 'cuda'",
        "from kit.other import DEVICE",
        "from other.config import DEVICE",
        "import kit.config\nkit.config.SEED",
        "class A:\n    DEVICE = 1\nA.DEVICE",
        "text = 'kit.config.DEVICE'",
        "from kit.config import *\nprint(SEED)",
        "def broken(:  # DEVICE",
    ],
)
def test_a_module_with_a_name_of_its_own_does_not(code: str) -> None:
    assert not is_read_by(code)


def test_relative_imports_count_from_the_package_of_the_reader() -> None:
    assert is_read_by("from ..config import DEVICE", "kit.sub.train")
    assert is_read_by("from .config import DEVICE", "kit", is_package=True)
    assert not is_read_by("from .config import DEVICE", "kit.sub.train")


def test_the_module_itself_is_no_other_reader() -> None:
    assert not is_read_by("DEVICE = 'cuda'\nprint(DEVICE)", "kit.config")


@pytest.mark.parametrize(
    ("module", "code", "compiles"),
    [
        ("export", "from kit.net import Net\ntorch.jit.script(Net())", True),
        ("kit.export", "from .net import Net\ntorch.jit.script(Net())", True),
        ("export", "net = importlib.import_module(name)\ntorch.jit.script(net.Net())", True),
        ("export", "from other.net import Net\ntorch.jit.script(Net())", False),
        ("export", "from kit.net import Net\nNet()", False),
    ],
)
def test_a_file_compiles_only_the_modules_that_it_gets_at(
    module: str, code: str, *, compiles: bool
) -> None:
    reader = ModuleSource(module, f"import importlib\nimport torch\n{code}\n".encode())
    assert bool(violated_by(reader, [NotCompiled("kit")])) is compiles
