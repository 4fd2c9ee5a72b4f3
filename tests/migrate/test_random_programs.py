"""Programs put together at random: what comes of them parses, keeps its comments and its meaning.

Statements as people write them stand in all places that a statement can stand in. The programs run
where there is no accelerator, before and after the migration, in one process that has the handle.
"""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from textwrap import indent

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tests.migrate.project import migrate
from torchdet.edit.statements import is_pragma
from torchdet.model.config import MigrateConfig

FAMILIES = ("DET1", "DET2", "DET3")

TORCH = [
    "import torch",
    "import torch  # tensors",
    "import os, torch",
    "import torch, os",
    "import os; import torch",
    "import torch; import os",
    "import torch as torch",
    "import torch.nn\nimport torch",
    "try:\n    import torch\nexcept ImportError:\n    torch = None",
    "try:\n    import torch\n    HAS_TORCH = True\nexcept Exception:  # any\n    HAS_TORCH = False",
    "if True:  # always\n    import torch\nelse:\n    torch = None",
]
IMPORTS = [
    "import sys",
    "from collections import OrderedDict",
    "import torch.nn as nn",
    "import torch.nn.functional as F  # noqa: N812",
    "from torch import nn, optim",
    "from torch import (\n    nn,  # layers\n    Tensor,\n)",
    "from torch \\\n    import nn as layers",
    "from torch.utils.data import DataLoader, Dataset",
    "from torch.optim.lr_scheduler import StepLR as LR",
    "import torch.utils.checkpoint as cp",
    "import torch.optim.swa_utils",
    "from torch.nn.modules import linear, Linear",
    "import sys; import torch.nn as nn; y = nn.Linear",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from torch import Tensor as T",
    "import importlib\nm = importlib.import_module('torch.nn'), importlib",
]
CHOICE = '"cuda" if torch.cuda.is_available() else "cpu"'
STATEMENTS = [
    f"a = {CHOICE}",
    f"b = torch.device({CHOICE})",
    f"c = torch.zeros(2, device={CHOICE}).tolist()",
    f"d = f'{{torch.device({CHOICE})}} and {{1:>{{2}}}}'",
    f"e = [torch.ones(1).to({CHOICE}).item() for _ in range(2)]",
    f"f = (lambda device={CHOICE}: str(device))()",
    'g = torch.device(\n    "cuda"  # fast\n    if torch.cuda.is_available()\n    else "cpu"\n)',
    f'if (h := torch.device({CHOICE})).type == "cuda":\n    h = None  # there',
    'if torch.cuda.is_available():\n    i = "cuda"\nelse:\n    i = "cpu"',
    'i = "cpu"\nif torch.cuda.is_available():\n    i = "cuda"',
    "j = torch.ones(2)\nif j.is_cuda:\n    j = j.cuda()\nj = j.tolist()",
    "if torch.cuda.is_available(): torch.cuda.synchronize(); torch.cuda.empty_cache()",
    "torch.manual_seed(3); torch.cuda.manual_seed_all(3)\nk = torch.rand(2).tolist()",
    "torch.backends.cudnn.benchmark = False",
    "torch.backends.cudnn.benchmark = True  # fast",
    "torch.backends.cudnn.deterministic = True; l = 1",
    "torch.use_deterministic_algorithms(True)\n# after",
    "def move(x, *args, device='cuda', **kw):\n    return x.to(device).cuda(*args, **kw)",
    "def to(x):\n    # there\n    x = x.cuda(non_blocking=True)\n    return x.to('cuda:1')\n",
    "class Net(torch.nn.Module):\n    def forward(self, x, device='cuda'):\n"
    "        return x.cuda(0).to(device)\nn = Net().training",
    "@torch.no_grad()\ndef make(n: int) -> 'torch.Tensor':\n    return torch.ones(n)\n"
    "o = make(2).tolist()",
    "async def run(x):\n    async with x as y:\n        return await y.cuda()",
    "with torch.no_grad(), torch.autograd.profiler.record_function('x'):  # both\n"
    "    p = torch.zeros(1).requires_grad",
    "def local():\n    import torch.nn as nn\n    from torch import optim\n"
    "    return nn.Linear, optim.SGD\nq = local()",
    "def nothing():\n    import torch  # only here\nr = nothing()",
    "def outer():\n    def inner():\n        nonlocal s\n        s = torch.ones(1).item()\n"
    "    s = 0\n    inner()\n    return s\nt = outer()",
    "def shadowed(torch):\n    return torch.cuda()\nrt = shadowed",
    "u = torch.zeros(1) \\\n    .to(torch.float64) \\\n    .tolist()",
    "v = (  # what\n    torch.ones(2)\n    # moves\n    .to('cpu')\n    .sum().item()\n)",
    "match [torch.ones(1).item()]:\n    case [1.0]: w = 'one'\n    case _:\n        w = None",
    "try:\n    x = torch.cuda.current_device()\nexcept Exception:  # no CUDA\n    x = 0",
    "stream = torch.cuda.Stream if torch.cuda.is_available() else None",
    "import torch.nn.init as init; y = init.ones_(torch.empty(2)).tolist()",
    "global z; z = torch.get_default_dtype() if False else 1",
]
WRAPPERS = [
    "{}",
    "{}",
    "{}",
    "if True:\n{0}",
    "for _ in range(1):  # once\n{0}",
    "try:\n{0}\nfinally:\n    pass",
    "def wrapped_{1}():\n    '''Doc.'''\n{0}\n    return locals()\nfound_{1} = wrapped_{1}()",
    "class Wrapped{1}:\n{0}",
    "with open(__file__) as _:\n{0}",
]
SEPARATORS = ["\n", "\n\n", "\n\n\n# then\n", "\n# next\n"]
HEADS = ["", "#!/usr/bin/env python\n", '"""Doc."""\n', "'''Doc.''' ; import os\n", "# note\n\n"]
FUTURE = ["", "from __future__ import annotations\n"]


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A program that runs, in one of the styles of newlines, indents and ends."""
    parts = [draw(st.sampled_from(TORCH)), *draw(st.lists(st.sampled_from(IMPORTS), max_size=3))]
    if not parts[0].startswith(("try", "if")):
        place = draw(st.integers(0, len(parts) - 1))
        parts = [*parts[1 : place + 1], parts[0], *parts[place + 1 :]]
    for number, statement in enumerate(draw(st.lists(st.sampled_from(STATEMENTS), max_size=5))):
        wrapper = draw(st.sampled_from(WRAPPERS))
        if wrapper == "{}" or (statement.startswith("global") and "def" not in wrapper):
            parts.append(statement)
        else:
            parts.append(wrapper.format(indent(statement, "    "), number))
    text = draw(st.sampled_from(HEADS)) + draw(st.sampled_from(FUTURE))
    for part in parts:
        text += part + draw(st.sampled_from(SEPARATORS))
    if draw(st.booleans()):
        text = text.rstrip("\n")
    text = text.replace("    ", draw(st.sampled_from(["    ", "\t", "  "])))
    assume(compiles(text))
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def compiles(text: str) -> bool:
    try:
        compile(text, "program", "exec")
    except SyntaxError:  # such as `from __future__` below an import
        return False
    return True


def comments(text: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    found = (each.string for each in tokens if each.type == tokenize.COMMENT)
    return Counter(each for each in found if not is_pragma(each))


def migrated(text: str, config: MigrateConfig) -> str:
    return migrate({"program.py": text}, FAMILIES, config=config).texts["program.py"]


CONFIGS = [
    MigrateConfig(),
    MigrateConfig(unsafe=True),
    MigrateConfig(keep_types=True),
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=programs(), config=st.sampled_from(CONFIGS))
def test_it_parses_keeps_comments_and_settles(text: str, config: MigrateConfig) -> None:
    after = migrated(text, config)
    compile(after, "after", "exec")
    ast.parse(after, feature_version=(3, 10))
    assert not comments(text) - comments(after)
    assert ("\r\n" in text) is ("\r\n" in after) or after == ""
    assert "\r\n" not in text or after.count("\n") == after.count("\r\n")
    assert migrated(after, config) == after


# Runs pairs of programs, one a line, and tells in which names they differ.
_RUN = """
import io, json, sys, types, warnings
warnings.simplefilter("ignore")
import torch, random
from torchdet.runtime import get_torch_handle
get_torch_handle()
def shown(value):
    if isinstance(value, dict):
        return {key: shown(each) for key, each in value.items() if key not in NEW}
    if isinstance(value, (list, tuple)):
        return [shown(each) for each in value]
    if isinstance(value, type) and value.__module__ == "program":
        return shown(dict(vars(value)))
    if getattr(value, "__module__", "") == "program" or hasattr(value, "__code__"):
        return getattr(value, "__name__", type(value).__name__)
    if isinstance(value, (types.GetSetDescriptorType, io.IOBase)):
        return type(value).__name__
    return value
NEW = {"get_torch_handle", "rt", "torch_rt", "torch_runtime", "TYPE_CHECKING", "__builtins__",
       "__module__", "__firstlineno__", "_swa_utils"}
def run(text):
    torch.manual_seed(1)
    random.seed(1)
    names = {"__name__": "program", "__file__": FILE}
    exec(compile(text, "program", "exec"), names)
    return shown({key: value for key, value in names.items() if key not in UNSEEN})
UNSEEN = {"rt", "torch_rt"}
FILE = sys.argv[1]
for row in sys.stdin:
    before, after = json.loads(row)
    try:
        old = run(before)
    except BaseException as error:
        answer = f"the program does not run: {error!r}"
    else:
        try:
            new = run(after)
            answer = sorted(
                f"{name}: {old.get(name)!r} is {new.get(name)!r}"
                for name in old.keys() | new.keys()
                if not (old.get(name) is new.get(name) or old.get(name) == new.get(name))
                and not (name == "torch" and name not in new)
            )
        except BaseException as error:
            answer = f"{error!r}"
    print(json.dumps(answer), flush=True)
"""

Runner = subprocess.Popen[str]


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    torch = pytest.importorskip("torch")
    if torch.accelerator.is_available():
        pytest.skip("this machine has an accelerator")
    with subprocess.Popen(
        [sys.executable, "-c", _RUN, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path_factory.mktemp("program"),
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=programs(), config=st.sampled_from(CONFIGS))
@example(text="'''Doc.''' ; import torch\nx = torch.ones(1).tolist()\n", config=CONFIGS[0])
@example(text="'''Doc.''' ; import os\nimport os; import torch\n", config=CONFIGS[0])
@example(
    text=(
        "import torch\nif True:\n    def local():\n        import torch.nn as nn\n"
        "        return nn.Linear\n    q = local()\n"
        "if True:\n    a = 'cuda' if torch.cuda.is_available() else 'cpu'\n"
    ),
    config=CONFIGS[0],
)
def test_it_does_what_it_did(runner: Runner, text: str, config: MigrateConfig) -> None:
    assert runner.stdin is not None
    assert runner.stdout is not None
    after = migrated(text, config)
    runner.stdin.write(json.dumps([text, after]) + "\n")
    runner.stdin.flush()
    assert json.loads(runner.stdout.readline()) == [], after
