"""Values that come from themselves: every walk over values ends, in all three commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from torchdet.engine.check import check_bytes
from torchdet.engine.converge import fix_bytes
from torchdet.engine.discover import SourceFile
from torchdet.engine.settings import settings_for
from torchdet.migrate.migrate_files import migrate_files
from torchdet.model.config import LintConfig, MigrateConfig

CONFIG = LintConfig(select=("ALL",))
SETTINGS = settings_for("train.py", "train", CONFIG)

CIRCLES = {
    "arithmetic": "x = x / 'state' + x - (x | x) * x",
    "attribute": "x = x.parent",
    "augmented": "x |= x",
    "choice": "x = x if c else x or x",
    "class": "class x(x): pass",
    "conversion": "x = x.to(x).cuda().to('cuda').long().float()",
    "comprehension": "x = [x for x in x if x]",
    "decorated": "@x\ndef x(x=x): return x(x)",
    "default": "def x(device=x, generator=x): return x(device, generator)",
    "device": "x = torch.device(x)",
    "dictionary": "x = {'a': x, **x}\nx = x['a'].get('b', x)",
    "generator": "x = torch.Generator(device=x).manual_seed(x.seed())",
    "in turn": "x = y\ny = z\nz = x",
    "join": "x = x.joinpath(x).resolve().absolute()",
    "lambda": "x = lambda x=x: x(x)",
    "list": "x = [x, *x]\nx.append(x)",
    "loop": "for x in x:\n    x = x\nwhile x:\n    x = next(x)",
    "match": "match x:\n    case {'a': x}: x = x",
    "method": "x = C()\nx.device = x.device\nx = x.move(x)",
    "module": "import importlib\nx = importlib.import_module(x)",
    "numbers": "x = len(x) + int(x) + x.size(x) + x.shape[x]",
    "operation": "x = torch.cumsum(x, x).scatter_add(x, x, x)",
    "parameter": "x = nn.Parameter(torch.empty(x).to(x))",
    "recursion": "def x(x): return y(x)\ndef y(y): return x(y)\nx = x(y(x))",
    "set": "x = set(x).union(x) | {*x, x}\nx.add(x)",
    "slice": "x = x[x:x][x]",
    "path": "x = x / 'state'\nx = Path(x) / x",
    "sorted": "x = list(sorted(x, key=x))",
    "string": "x = f'{x}:{x}' + str(x)",
    "tensor": "x = torch.tensor(x, device=x)",
    "torch": "torch = torch\nx = torch",
    "unpacking": "x, *y = y, *x",
    "walrus": "x = (x := (y := x)) + (y := y)",
    "with": "with x as x, x() as (x, y): pass",
}

HEAD = """\
import os
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, DistributedSampler, random_split

class C(nn.Module):
    def __init__(self, x):
        self.x = self.x
        self.y = self.y.to(self.x)
        self.device = self.device or x

    def forward(self, x):
        self.x = self.move(self.x)
        return self.forward(self.move(x))

    def move(self, x):
        return self.forward(x).to(self.device)

"""

USES = """
for each in x.glob("*.pt"):
    torch.save(torch.load(each), x)
for each in os.listdir(x):
    c.append(each)
for each in x:
    nn.Linear(each, len(x))
if x.type == "cuda" and x and x.is_available():
    x = x.cuda(x)
assert x.device == x
with torch.device(x), torch.cuda.device(x), torch.autocast(x):
    torch.zeros(3, device=x).to(x, "cuda").cuda(device=x)
torch.cuda.set_device(x)
torch.manual_seed(x)
np.random.seed(x)
x.manual_seed(x)
x.seed()
random.choice(x)
DataLoader(x, shuffle=x, generator=x, num_workers=x, worker_init_fn=x, sampler=x)
DistributedSampler(x, shuffle=x).set_epoch(x)
random_split(x, x, generator=x)
torch.set_default_device(x)
torch.set_default_dtype(x)
torch.use_deterministic_algorithms(x)
torch.backends.cudnn.benchmark = x
os.environ["CUBLAS_WORKSPACE_CONFIG"] = x
torch.bincount(x, x)[x] += torch.empty(x)
nn.functional.interpolate(x, mode=x)
x.index_add_(0, x, x).backward()
x.step()
C(x).load_state_dict(torch.load(x, map_location=x))
torch.distributed.init_process_group(backend=x)
torch.multiprocessing.spawn(x, args=(x,))
torch.utils.checkpoint.checkpoint(x, x)
d = "cuda" if x else x
"""


def indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


@pytest.mark.parametrize("kind", CIRCLES)
def test_a_value_that_comes_from_itself(kind: str, tmp_path: Path) -> None:
    circle = CIRCLES[kind]
    function = indented(f"{circle}\n{USES}return f(x, y, x)")
    source = f"{HEAD}def f(x, y, c):\n{function}\n{circle}\n{USES}"
    compile(source, kind, "exec")
    data = source.encode()
    report = check_bytes("train.py", data, SETTINGS)
    assert report.failures == ()
    assert report.findings
    fixed = fix_bytes("train.py", data, SETTINGS, unsafe=True)
    assert fixed.report.failures == ()
    path = tmp_path / "train.py"
    path.write_bytes(data)
    file = SourceFile(str(path), "train", CONFIG)
    [migrated] = migrate_files([file], MigrateConfig(unsafe=True), jobs=1)
    assert migrated.account.failed is None
