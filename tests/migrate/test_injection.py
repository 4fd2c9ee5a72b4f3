"""Functions and classes receive the handle, and the programs that come out run without another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.migrate.project import Migrated, migrate
from torchdet.model.config import MigrateConfig

CODES = ("DET1", "DET2", "DET3")
INJECT = MigrateConfig(inject=True)
POISON = Path(__file__).parents[2] / "bench" / "poison"


def injected(**texts: str) -> Migrated:
    """Migrate the files of a project; names spell their paths with ``__`` for ``/``."""
    files = {f"{name.replace('__', '/')}.py": dedent(text) for name, text in texts.items()}
    files.setdefault("kit/__init__.py", "")
    return migrate(files, CODES, config=INJECT)


def run(texts: dict[str, str], folder: Path, *arguments: str) -> str:
    """Run Python in a folder of ``texts``, with the handles of modules poisoned."""
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    finished = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{POISON}{os.pathsep}{folder}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


MODEL = """
    import torch
    from torch import nn


    class Net(nn.Module):
        def __init__(self, size: int = 3) -> None:
            super().__init__()
            self.layer = nn.Linear(size, size).cuda()

        def forward(self, x):
            return self.layer(x.cuda())


    class Deep(Net):
        def __init__(self) -> None:
            super().__init__(2)


    def build(kind):
        return Deep() if kind == "deep" else Net(3)


    def _sync() -> None:
        torch.cuda.synchronize()


    def measure(kind, times=1):
        net = build(kind)
        _sync()
        return net(torch.ones(2)).shape
    """
TRAIN = """
    from .model import measure


    def main() -> None:
        print(measure("deep"))


    if __name__ == "__main__":
        main()
    """
TESTS = """
    import torch

    import kit.model


    def helper(n):
        return torch.ones(n).cuda()


    def test_net():
        assert kit.model.Net(2)(helper(2)).shape == (2,)


    class TestDeep:
        def test_deep(self):
            assert kit.model.build("deep") is not None
    """


def test_a_package_its_program_and_its_tests(tmp_path: Path) -> None:
    texts = injected(kit__model=MODEL, kit__train=TRAIN, tests__test_kit=TESTS).texts
    model = texts["kit/model.py"]
    assert "def __init__(self, size: int = 3, *, rt: TorchHandle | None = None)" in model
    assert "self.rt = rt" in model
    assert "x.to(self.rt.device)" in model
    assert "super().__init__(2, rt=rt)" in model
    assert "def _sync(*, rt: TorchHandle) -> None:" in model
    assert "def measure(kind, times=1, *, rt: TorchHandle | None = None):" in model
    assert "rt = get_torch_handle()\n    print(measure(" in texts["kit/train.py"]
    assert "def test_net(torch_handle):" in texts["tests/test_kit.py"]
    assert "def helper(n, *, rt: TorchHandle):" in texts["tests/test_kit.py"]
    assert run(texts, tmp_path, "-m", "kit.train").endswith("torch.Size([2])\n")
    assert "2 passed" in run(texts, tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_a_second_run_changes_nothing() -> None:
    first = injected(kit__model=MODEL, kit__train=TRAIN, tests__test_kit=TESTS).texts
    assert migrate(first, CODES, config=INJECT).texts == first


def test_without_the_parameter_the_module_answers_as_before(tmp_path: Path) -> None:
    texts = injected(kit__model=MODEL).texts
    program = "import kit.model; kit.model.measure('deep')"
    with pytest.raises(AssertionError, match="PoisonedHandleError"):
        run(texts, tmp_path, "-c", program)


CALLBACKS = """
    from multiprocessing import get_context
    from threading import Thread

    import torch


    def _work(n):
        print(torch.ones(n).cuda().sum().item())


    def main():
        thread = Thread(target=_work, args=(2,))
        thread.start()
        thread.join()
        list(map(_work, [3]))


    if __name__ == "__main__":
        main()
    """


def test_what_is_handed_to_others_takes_the_handle_along(tmp_path: Path) -> None:
    texts = injected(kit__work=CALLBACKS).texts
    assert "target=partial(_work, rt=rt)" in texts["kit/work.py"]
    assert run(texts, tmp_path, "-m", "kit.work").split()[-2:] == ["2.0", "3.0"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "import torch\nfrom elsewhere import register\n\n\n@register\ndef f(x):\n"
            "    return x + torch.ones(2).cuda()\n",
            "a decorator that may not pass keywords on",
        ),
        (
            "from enum import Enum\n\nimport torch\n\n\nclass Kind(Enum):\n    A = 1\n\n"
            "    def make(self):\n        return torch.ones(2).cuda()\n",
            "its instances are made from its fields",
        ),
        (
            "import torch\n\n\nclass F(torch.autograd.Function):\n    @staticmethod\n"
            "    def forward(ctx, x):\n        return x + torch.ones(2).cuda()\n",
            "`apply` takes no keywords",
        ),
        (
            "import torch\n\nONES = torch.ones(2).cuda()\n",
            "it runs when the module is imported",
        ),
        (
            "import torch\n\n\ndef f(x):\n    return x.cuda()\n\n\nTABLE = {'f': f}\n",
            "kept as a value",
        ),
    ],
)
def test_what_cannot_receive_it_says_why(text: str, reason: str) -> None:
    migrated = injected(kit__model=text)
    refused = [each for each in migrated.refusals["kit/model.py"] if each.code == "DET105"]
    assert any(reason in each.reason for each in refused), migrated.refusals
    assert all(each.advice for each in refused)


LAYOUT = """
    import torch


    def f(
        a,
        b=(1),
    ):
        # a comment
        return a.cuda()


    def g(*args, **kwargs):
        return f(*args, **kwargs)


    def h(a, /):
        return g(
            a,
            b=2,
        )


    def i(): return torch.ones(2).cuda()
    """


def test_signatures_and_calls_keep_their_layout() -> None:
    text = injected(kit__model=LAYOUT).texts["kit/model.py"]
    assert "    a,\n    b=(1),\n    *,\n    rt: TorchHandle | None = None,\n):" in text
    assert "def g(*args, rt: TorchHandle | None = None, **kwargs):" in text
    assert "return f(*args, **kwargs, rt=rt)" in text
    assert "def h(a, /, *, rt: TorchHandle | None = None):" in text
    assert "        a,\n        b=2,\n        rt=rt,\n    )" in text
    assert "def i(*, rt: TorchHandle | None = None): rt = rt or deferred_handle(); " in text
