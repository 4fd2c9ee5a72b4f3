"""The work of lint, fix and migrate grows with the size of a file, and not with its square.

Work is counted, not timed: calls of Python and of C functions, which are the same on each machine.
LibCST's own parser is native and not counted.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from torchdet.engine.check import check_bytes
from torchdet.engine.converge import fix_bytes
from torchdet.engine.discover import SourceFile
from torchdet.engine.settings import settings_for
from torchdet.migrate.migrate_files import migrate_files
from torchdet.model.config import LintConfig, MigrateConfig

SETTINGS = settings_for("train.py", "train", LintConfig(select=("ALL",)))
SIZE = 20
MOST = 1.25

HEAD = """\
import glob
import os
import random
import time

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, DistributedSampler

"""


# What a file has many of: what comes before them, one of them, and what comes after.
KINDS: dict[str, tuple[str, str, str]] = {
    "asserts": ("def f(x):\n", "    assert x.device.type == 'cpu'\n    x = x.cuda()\n", ""),
    "arguments": ("f(", "x{i}.cuda(), ", ")\n"),
    "attributes": (
        "class C(nn.Module):\n    def __init__(self):\n        self.d = 'cuda'\n",
        "    def m{i}(self, x):\n        self.a{i} = x.to(self.d)\n",
        "",
    ),
    "calls of a function": (
        "def f(x, device='cuda'):\n    return x.to(device)\n",
        "f(x{i}, 'cuda')\n",
        "",
    ),
    "choices": ("", "d{i} = 'cuda' if torch.cuda.is_available() else 'cpu'\n", ""),
    "choices of one name": (
        "",
        "device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')\nx.to(device)\n",
        "",
    ),
    "classes": (
        "",
        "class C{i}(nn.Module):\n    def forward(self, x):\n        return self.a + x.cuda()\n",
        "",
    ),
    "comprehension clauses": ("x = [y.cuda() ", "for a{i} in b{i} ", "]\n"),
    "comprehensions": ("", "x{i} = [y.to('cuda') for y in x{i}]\n", ""),
    "data sets": (
        "",
        "class D{i}(Dataset):\n    def __getitem__(self, i):\n        return np.random.rand(3)\n"
        "l{i} = DataLoader(D{i}(), num_workers=3)\n",
        "",
    ),
    "decorators": ("", "@torch.jit.script_if('cuda')\n", "def f(x):\n    return x.cuda()\n"),
    "devices in a dictionary": ("D = {{\n", "    'k{i}': 'cuda:1',\n", "}}\n"),
    "devices returned": ("def f(c):\n", "    if c == {i}:\n        return 'cuda:1'\n", ""),
    "elif that asks for makers": (
        "def f(x):\n    if is_xpu_available():\n        x = x.to('xpu')\n",
        "    elif is_k{i}_available():\n        x = x.to('cuda')\n",
        "",
    ),
    "elif with devices": (
        "def f(d, x):\n    if d == 0:\n        return x.to('cuda')\n",
        "    elif d == 'k{i}':\n        x = x.to('cuda:1')\n",
        "",
    ),
    "findings in a block": (
        "def f(x):\n",
        "    y{i} = torch.zeros(3, device='cuda')\n    torch.cuda.synchronize()\n",
        "",
    ),
    "findings on a row": ("", "x = y.cuda(); ", "\n"),
    "functions": ("", "def f{i}(x):\n    return f{i}(x.to('cuda'))\n", ""),
    "generators": (
        "def f(x):\n",
        "    g{i} = torch.Generator()\n    x = torch.rand(3, generator=g{i})\n",
        "",
    ),
    "ifs that leave": ("def f(x, c):\n", "    if c == {i}:\n        return x.cuda()\n", ""),
    "ifs with .cuda()": ("def f(x, c):\n", "    if c == {i}:\n        x = x.cuda()\n", ""),
    "imports": ("", "from torch.nn import M{i}\nm{i} = M{i}(3)\n", ""),
    "keywords": ("f(", "k{i}=torch.zeros(1, device='cuda'), ", ")\n"),
    "listings": ("", "a{i} = os.listdir('d{i}')\nb{i} = torch.stack(a{i})\n", ""),
    "listings in one list": ("a = []\n", "a += glob.glob('d{i}')\n", "x = torch.stack(a)\n"),
    "listings in one loop": (
        "a = []\nfor d in ds:\n",
        "    for f in glob.glob(d + '{i}'):\n        a.append(f)\n",
        "x = torch.stack(a)\n",
    ),
    "listings of one name": (
        "",
        "a = os.listdir('d{i}')\na.sort()\nb = torch.stack(a)\nprint(a[0], len(a))\n",
        "",
    ),
    "loaders": (
        "",
        "s{i} = DistributedSampler(d{i})\nl{i} = DataLoader(d{i}, sampler=s{i}, num_workers=2)\n"
        "for e in range(3):\n    for b in l{i}:\n        b.backward()\n",
        "",
    ),
    "loops that train": ("", "for e in range(3):\n    net(x).backward()\n    opt{i}.step()\n", ""),
    "matches": ("match d:\n", "    case 'k{i}':\n        x = x.cuda()\n", ""),
    "methods that forward runs": (
        "class C(nn.Module):\n    def forward(self, x):\n        return self.m0(x)\n",
        "    def m{i}(self, x):\n        return x.to('cuda')\n",
        "",
    ),
    "names in a chain": ("a0 = 'cuda'\n", "b{i} = a{i}\nx.to(a{i})\n", ""),
    "one attribute in many methods": (
        "class C:\n",
        "    def m{i}(self, x):\n        self.d = 'cuda'\n        return x.to(self.d)\n",
        "",
    ),
    "parameters": ("def f(", "p{i}='cuda', ", "):\n    pass\n"),
    "sets of strings": (
        "s = set()\n",
        "s.add('k{i}')\nx{i} = torch.stack([f(w) for w in s])\n",
        "",
    ),
    "defaults that are put back": (
        "",
        "old = torch.get_default_dtype()\ntorch.set_default_dtype(torch.float64)\n"
        "torch.set_default_dtype(old)\n",
        "",
    ),
    "flags that are put back": (
        "",
        "def f{i}():\n    old = torch.backends.cudnn.benchmark\n"
        "    torch.backends.cudnn.benchmark = False\n    torch.backends.cudnn.benchmark = old\n",
        "",
    ),
    "imports in functions": ("", "def f{i}():\n    import torch.nn as nn\n    return nn\n", ""),
    "seeds": ("", "torch.manual_seed(int(time.time()))\nnp.random.seed({i})\n", ""),
    "seeds of workers": (
        "",
        "def init{i}(worker_id):\n    np.random.seed(worker_id)\n"
        "l{i} = DataLoader(d, num_workers=2, worker_init_fn=init{i})\n",
        "",
    ),
    "seeds of one worker": (
        "def init(worker_id):\n",
        "    s{i} = worker_id + {i}\n    np.random.seed(s{i})\n",
        "l = DataLoader(d, num_workers=2, worker_init_fn=init)\n",
    ),
    "seeds in data sets": (
        "",
        "class S{i}(Dataset):\n    def __init__(self, seed=0):\n        random.seed(seed)\n",
        "",
    ),
    "trainers": (
        "",
        "class T{i}:\n    def run{i}(self):\n        loss.backward()\n        opt.step()\n"
        "T{i}().run{i}()\n",
        "",
    ),
    "texts of files": (
        "t = ''\n",
        "for f{i} in glob.glob('{i}'):\n    t += open(f{i}).read()\n",
        "",
    ),
    "results that are finished": (
        "p = Pool(3)\n",
        "r{i} = []\nfor x in p.imap_unordered(f, xs):\n    r{i}.append(x)\ntorch.stack(r{i})\n",
        "",
    ),
    "spaces": (
        "import gymnasium\ntorch.manual_seed(0)\n",
        "def f{i}(env):\n    return env.action_space.sample()\n",
        "",
    ),
    "models before seeds": (
        "def main():\n    net(x).backward()\n    opt.step()\n",
        "    m{i} = nn.Linear(3, 3)\n    torch.manual_seed({i})\n",
        "if __name__ == '__main__':\n    main()\n",
    ),
    "star arguments": ("f(", "*a{i}, ", "x.cuda())\n"),
    "suppressions": ("", "y{i} = x.cuda()  # noqa: DET302\n", ""),
    "suppressions in a statement": ("y = [\n", "    x.cuda(),  # noqa: DET302\n", "]\n"),
    "tensors in a chain": (
        "x0 = torch.ones(3)\n",
        "y{i} = x{i} * 2\nx{i}.index_add_(0, k, y{i})\n",
        "",
    ),
    "fills of memory": (
        "def f(s):\n    x = torch.empty(3)\n",
        "    x = x.view(3)\n    if s:\n        x.add_(s)\n    put(x, {i})\n",
        "",
    ),
    "memory": ("", "x = torch.empty(3)\ny = x.view(3)\nshow(y.shape)\nz{i} = y + 1\n", ""),
    "memory in functions": (
        "def f(x):\n    return x + 1\n",
        "def f{i}(x):\n    return f(x)\nf{i}(torch.empty(3))\n",
        "",
    ),
    "buffers": (
        "class C(nn.Module):\n    def __init__(self):\n        super().__init__()\n",
        "        self.register_buffer('b{i}', torch.empty(3))\n        x = 1 + self.b{i}\n",
        "",
    ),
    "compiled sums": ("", "@torch.compile\ndef f{i}(x):\n    return x.cumsum(0)\n", ""),
    "tensors in a loop": (
        "def f(x, k):\n    for i in range(3):\n",
        "        x = x.relu()\n        x.index_add_(0, k, x)\n",
        "",
    ),
    "unused suppressions": (
        "",
        "y{i} = x  # noqa: DET302\nz{i} = x.cuda()  # torchdet: ignore[DET302, DET303]\n",
        "",
    ),
    "conditional expressions": ("x = ", "a{i} if c{i} else ", "y.cuda()\n"),
    "f-strings": ("", "x{i} = torch.device(f'cuda:{{n{i}}}')\n", ""),
    "methods in a chain": ("x = y", ".cuda()", "\n"),
    "reassignments": ("x = torch.zeros(3)\n", "x = x + x.scatter_add(0, i, x)\n", ""),
    "rows joined by backslashes": ("x = y.cuda() \\\n", "    + a{i}.cuda() \\\n", "    + 1\n"),
    "sums": ("x = y.cuda()", " + a{i}.cuda()", "\n"),
    "imports of the facade": (
        "",
        "def f{i}():\n    import torchdet.facade\n    return torch\n",
        "",
    ),
    "handles in functions": (
        "from torchdet.runtime import get_torch_handle\n",
        "def f{i}(x):\n    rt = get_torch_handle()\n    return rt.torch.ones(3)\n",
        "",
    ),
    "withs": ("", "with torch.cuda.amp.autocast():\n    x = x.cuda()\n", ""),
}


def source(kind: str, count: int) -> bytes:
    before, each, after = KINDS[kind]
    text = "".join((before.format(), *(each.format(i=i) for i in range(count)), after.format()))
    return (HEAD + text).encode()


def work(task: Callable[[], object]) -> int:
    """How many functions ``task`` calls, in this thread and in those that it starts."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    threading.setprofile(count)
    sys.setprofile(count)
    try:
        task()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return calls


def check(path: Path) -> None:
    report = check_bytes("train.py", path.read_bytes(), SETTINGS)
    assert not report.failed


def fix(path: Path) -> None:
    fixes = fix_bytes("train.py", path.read_bytes(), SETTINGS, unsafe=True)
    assert fixes.refusal is None


def migrate(path: Path) -> None:
    files = [SourceFile(str(path), "train", SETTINGS.config)]
    (migrated,) = migrate_files(files, MigrateConfig(unsafe=True), jobs=1)
    assert migrated.account.failed is None


TASKS = {"lint": check, "fix": fix, "migrate": migrate}


@pytest.mark.parametrize("command", TASKS)
@pytest.mark.parametrize("kind", KINDS)
def test_work_grows_with_the_size(kind: str, command: str, tmp_path: Path) -> None:
    task = TASKS[command]
    path = tmp_path / "train.py"

    def work_for(count: int) -> int:
        path.write_bytes(source(kind, count))
        return work(lambda: task(path))

    work_for(2)  # what is worked out once for all files
    once, more = work_for(SIZE), work_for(4 * SIZE)
    exponent = math.log(more / once, 4)
    assert exponent <= MOST, f"{once} calls for {SIZE}, {more} for {4 * SIZE}: n ** {exponent:.2f}"
