"""Names that a package's modules take from its ``__init__.py``."""

from __future__ import annotations

from pathlib import Path

from tests.migrate.project import migrate
from torchdet.reading.modules_beside import modules_beside

PACKAGE = "import torch\n\n\ndef move(x):\n    return x.cuda()\n"


def test_the_modules_and_folders_of_a_package(tmp_path: Path) -> None:
    for name in ("__init__.py", "rt.py", "_C.cpython-311.so"):
        (tmp_path / name).touch()
    (tmp_path / "data").mkdir()
    names = modules_beside(str(tmp_path / "__init__.py"))
    assert names == {"__init__", "rt", "_C", "data"}
    assert modules_beside(str(tmp_path / "rt.py")) == frozenset()
    assert modules_beside(str(tmp_path / "gone" / "__init__.py")) == frozenset()


def test_the_handle_does_not_get_the_name_of_a_module() -> None:
    texts = {"kit/rt.py": "X = 1\n", "kit/__init__.py": PACKAGE, "kit/other.py": PACKAGE}
    migrated = migrate(texts, ["DET1", "DET2", "DET3"]).texts
    assert "x.to(torch_rt.device)" in migrated["kit/__init__.py"]
    assert "x.to(rt.device)" in migrated["kit/other.py"]
