"""What names mean: each case marks what the expression in its last line must resolve to."""

from __future__ import annotations

import textwrap
from itertools import pairwise

import libcst as cst
import pytest

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.facts.resolve import Ambiguous, Exact, Unknown
from torchdet.model.source import SourceText

Names = tuple[str, ...]


def facts_of(text: str) -> FileFacts:
    return FileFacts.parse(SourceText(textwrap.dedent(text)), Wanted(frozenset({"Expr"})))


def meaning(text: str) -> str | Names | None:
    """What the last expression statement means: a name, the candidates, or None."""
    facts = facts_of(text)
    statement = facts.index.nodes["Expr"][-1]
    assert isinstance(statement, cst.Expr)
    resolution = facts.resolve(statement.value)
    if isinstance(resolution, Exact):
        return resolution.name
    return resolution.names if isinstance(resolution, Ambiguous) else None


IMPORTS = {
    "import torch\ntorch.cuda": "torch.cuda",
    "import torch as th\nth.cuda": "torch.cuda",
    "import torch.nn.functional as F\nF.relu": "torch.nn.functional.relu",
    "import torch.nn.functional\ntorch.cuda": "torch.cuda",
    "import torch.nn, torch.cuda as c\nc.amp": "torch.cuda.amp",
    "from torch import nn as n\nn.Linear": "torch.nn.Linear",
    "from torch import (\n    amp as A,\n    nn,\n)\nA.autocast": "torch.amp.autocast",
    "from . import torch\ntorch.cuda": ".torch.cuda",
    "from .torch import cuda\ncuda": ".torch.cuda",
    "from ..kit.torch import cuda as c\nc": "..kit.torch.cuda",
    "from mypackage import torch\ntorch.cuda": "mypackage.torch.cuda",
    "import mypackage.torch\ntorch.cuda": None,
    "torch.cuda": None,
    "from torch import *\ncuda": None,
    "from torch import *\nlen": "builtins.len",
    "from torch import *\nfrom m import *\nlen": None,
    "from torch import *\nfrom m import *\nempty": ("torch.empty",),
    "from torch import *\nempty": "torch.empty",
    "from torch.nn import *\nfrom torch import *\nmake = Linear\nmake": "torch.nn.Linear",
    "from torch.nn.functional import *\nfrom torch import *\nrelu": "torch.relu",
    "from torch import *\ndef empty(): pass\nempty": None,
    "len": "builtins.len",
    "def f():\n    import torch\n    torch.cuda": "torch.cuda",
    "def f():\n    import torch\ntorch.cuda": None,
    "def f():\n    torch.cuda\nimport torch": "torch.cuda",
    "def f():\n    import torch\n    def g():\n        torch.cuda": "torch.cuda",
    "class A:\n    import torch\n    torch.cuda": "torch.cuda",
    "class A:\n    import torch\n    def f(self):\n        torch.cuda": None,
    "if a:\n    import torch\ntorch.cuda": "torch.cuda",
    "if TYPE_CHECKING:\n    import torch\ntorch.cuda": "torch.cuda",
    "try:\n    import torch\nexcept ImportError:\n    torch = None\ntorch.cuda": ("torch.cuda",),
    "try:\n    import torch\nexcept ImportError:\n    pass\ntorch.cuda": "torch.cuda",
    "try:\n    from torch import amp\nexcept ImportError:\n    from torch.cuda import amp\namp": (
        "torch.amp",
        "torch.cuda.amp",
    ),
    "try:\n    import torch\nexcept ImportError:\n    class torch: pass\ntorch.cuda": None,
    "import torch\nimport torch\ntorch.cuda": "torch.cuda",
    "import torch\nfrom torch import cuda as torch\ntorch.x": ("torch.cuda.x", "torch.x"),
}

SHADOWS = {
    "import torch\ndef f(torch):\n    torch.cuda": None,
    "import torch\ndef f(*torch):\n    torch.cuda": None,
    "import torch\ndef f(*, torch=1):\n    torch.cuda": None,
    "import torch\ndef f(torch, /):\n    torch.cuda": None,
    "import torch\ndef f(**torch):\n    torch.cuda": None,
    "import torch\ndef f(a=torch.cuda): pass\ntorch.cuda": "torch.cuda",
    "import torch\ndef f():\n    torch = 1\n    torch.cuda": None,
    "import torch\ndef f():\n    torch.cuda\n    torch = 1": None,
    "import torch\ndef f():\n    for torch in x: pass\n    torch.cuda": None,
    "import torch\ndef f():\n    with x as torch: pass\n    torch.cuda": None,
    "import torch\ndef f():\n    with x as (torch, *b): pass\n    torch.cuda": None,
    "import torch\ndef f():\n    try: pass\n    except E as torch: pass\n    torch.cuda": None,
    "import torch\ndef f():\n    try: pass\n    except* E as torch: pass\n    torch.cuda": None,
    "import torch\ndef f():\n    (torch := 1)\n    torch.cuda": None,
    "import torch\ndef f():\n    a, (b, [*torch]) = x\n    torch.cuda": None,
    "import torch\ndef f():\n    torch += 1\n    torch.cuda": None,
    "import torch\ndef f():\n    torch: int\n    torch.cuda": None,
    "import torch\ndef f():\n    def torch(): pass\n    torch.cuda": None,
    "import torch\ndef f():\n    class torch: pass\n    torch.cuda": None,
    "import torch\ndef f():\n    del torch\n    torch.cuda": None,
    "import torch\ndef f():\n    import numpy as torch\n    torch.cuda": "numpy.cuda",
    "import torch\ndef f():\n    type torch = int\n    torch.cuda": None,
    "import torch\n[torch for torch in x]\ntorch.cuda": "torch.cuda",
    "import torch\nlambda torch: 1\ntorch.cuda": "torch.cuda",
    "import torch\ndef f():\n    [(torch := a) for a in x]\n    torch.cuda": None,
    "import torch\nclass A:\n    torch = 1\n    def f(self):\n        torch.cuda": "torch.cuda",
    "import torch\nclass A:\n    torch = 1\n    torch.cuda": None,
    "import torch\ndef f(x):\n    match x:\n        case torch: pass\n    torch.cuda": None,
    "import torch\ndef f(x):\n    match x:\n        case [*torch]: pass\n    torch.cuda": None,
    "import torch\ndef f(x):\n    match x:\n        case {**torch}: pass\n    torch.cuda": None,
    "import torch\ndef f(x):\n    match x:\n        case A(b=(1 | 2) as torch): pass\n"
    "    torch.cuda": None,
    "import torch\ndef f(x):\n    match x:\n        case torch.X(torch=y): pass\n"
    "    torch.cuda": "torch.cuda",
    "import torch\ndef f():\n    global torch\n    torch = 1\ntorch.cuda": None,
    "def f():\n    global torch\n    import torch\ntorch.cuda": "torch.cuda",
    "def f():\n    global torch\n    import torch\n    def g():\n        torch.cuda": "torch.cuda",
    "def f():\n    import torch\n    def g():\n        nonlocal torch\n        torch = 1\n"
    "    torch.cuda": None,
    "def f():\n    def g():\n        nonlocal torch\n        torch.cuda\n"
    "    import torch": "torch.cuda",
    "import torch\ndef f():\n    torch = 1\n    def g():\n        global torch\n"
    "        torch.cuda": "torch.cuda",
    "import torch\ndef f():\n    global torch\n    class A:\n        torch.cuda": "torch.cuda",
    "import torch\ndef f[torch](a):\n    torch.cuda": None,
    "import torch\nclass A[torch]:\n    torch.cuda": None,
    "import torch\nclass A[T: torch.X]:\n    torch.cuda": "torch.cuda",
    "import torch\ntype A[torch] = torch\ntorch.cuda": "torch.cuda",
}

FLOW = {
    "import torch\nt = torch\nt.cuda.is_available": "torch.cuda.is_available",
    "import torch\ncuda = torch.cuda\ncuda.synchronize": "torch.cuda.synchronize",
    "import torch\na = b = torch\nb.cuda": "torch.cuda",
    "import torch\nt: object = torch\nt.cuda": "torch.cuda",
    "import torch\nif (t := torch): pass\nt.cuda": "torch.cuda",
    "import torch\na = torch\nb = a.cuda\nc = b.amp\nc.autocast": "torch.cuda.amp.autocast",
    "c = b.amp\nb = a.cuda\na = torch\nimport torch\nc.autocast": "torch.cuda.amp.autocast",
    "import torch\na, b = torch, torch.cuda\nb.amp": None,
    "import torch\nt = torch\nt = other()\nt.cuda": None,
    "import torch\nt = None\nt = torch\nt.cuda": ("torch.cuda",),
    "import torch, numpy\nt = torch\nt = numpy\nt.cuda": ("numpy.cuda", "torch.cuda"),
    "import torch\nt = torch()\nt.cuda": None,
    "import torch\nt = torch if a else None\nt.cuda": None,
    "import torch\nclass A:\n    t = torch\nt.cuda": None,
    "import torch\ndef f():\n    t = torch\n    def g():\n        t.cuda": "torch.cuda",
    "import torch\ndef f(t=torch):\n    t.cuda": None,
    "a = b\nb = a\na.cuda": None,
    "a = a\na.cuda": None,
    "import torch\ntorch = torch\ntorch.cuda": "torch.cuda",
    "import torch\na = torch\na = b\nb = a\na.cuda": None,
    "import torch\ntorch = torch.nn\ntorch.cuda": None,
    "import torch\nt = torch\nt = t.cuda\nt.amp": None,
    "import torch\nt = torch\ndef f():\n    t = 1\n    global d\n    d = t\nd.cuda": None,
    "import torch\nt = torch\ndef f(t):\n    global d\n    d = t\nd.cuda": None,
    "import torch\nx = torch\ndef f(a):\n    [(y := x) for x in a]\n    y.cuda": None,
    "import torch\ndef f():\n    y = 1\n    def g():\n        nonlocal y\n        t = torch\n"
    "        y = t\n    y.cuda": None,
    "import torch\ndef f():\n    y = None\n    def g():\n        nonlocal y\n        t = torch\n"
    "        y = t\n    y.cuda": ("torch.cuda",),
}

HANDLE = "from torchdet.runtime import get_torch_handle, TorchHandle\n"
HANDLES = {
    f"{HANDLE}rt = get_torch_handle()\nrt.torch.cuda": "torch.cuda",
    f"{HANDLE}rt = get_torch_handle()\ntorch = rt.torch\ntorch.cuda": "torch.cuda",
    f"{HANDLE}torch = get_torch_handle().torch\ntorch.cuda": "torch.cuda",
    f"{HANDLE}get_torch_handle().torch.cuda": "torch.cuda",
    "from torchdet.runtime import deferred_handle\ndeferred_handle().torch.cuda": "torch.cuda",
    "from kit._torch_runtime import torch\ntorch.cuda": "torch.cuda",
    "from .._torch_runtime import rt\nrt.torch.cuda": "torch.cuda",
    "from kit import _torch_runtime\n_torch_runtime.torch.cuda": "torch.cuda",
    "from kit._torch_runtimes import torch\ntorch.cuda": "kit._torch_runtimes.torch.cuda",
    f"{HANDLE}rt = get_torch_handle()\nF = rt.module('torch.nn.functional')\nF.relu": (
        "torch.nn.functional.relu"
    ),
    f"{HANDLE}rt = get_torch_handle()\nF = rt.module(name)\nF.relu": None,
    f"{HANDLE}def f(rt: TorchHandle):\n    rt.torch.cuda": "torch.cuda",
    f"{HANDLE}def f(rt: 'TorchHandle'):\n    rt.torch.cuda": "torch.cuda",
    f"{HANDLE}def f(rt: TorchHandle = None):\n    rt.torch.cuda": "torch.cuda",
    f"{HANDLE}def f(rt: TorchHandle | None = None):\n    rt.torch.cuda": "torch.cuda",
    f"{HANDLE}def f(rt: None | TorchHandle = None):\n    rt.torch.cuda": "torch.cuda",
    f"{HANDLE}def f(rt: 'TorchHandle | None' = None):\n    rt.torch.cuda": "torch.cuda",
    f"from typing import Optional\n{HANDLE}def f(rt: Optional[TorchHandle] = None):\n"
    "    rt.torch.cuda": "torch.cuda",
    f"{HANDLE}def f(rt: TorchHandle | Other):\n    rt.torch.cuda": None,
    f"{HANDLE}def f(rt: None):\n    rt.torch.cuda": None,
    f"{HANDLE}def f(rt: ''):\n    rt.torch.cuda": None,
    f"{HANDLE}def f(rt: list[TorchHandle]):\n    rt.torch.cuda": None,
    "def f(rt: TorchHandle):\n    rt.torch.cuda": None,
    "import torchdet.runtime as tr\ndef f(rt: tr.TorchHandle):\n    rt.torch.cuda": "torch.cuda",
    "from torchdet.facade import torch\ntorch.cuda": "torch.cuda",
    "import torchdet.facade\ntorchdet.facade.torch.cuda": "torch.cuda",
    "import importlib\nt = importlib.import_module('torch.cuda')\nt.amp": "torch.cuda.amp",
    "import importlib\nt = importlib.import_module('.torch', __name__)\nt.amp": None,
    f"{HANDLE}if TYPE_CHECKING:\n    import torch\nelse:\n    torch = get_torch_handle().torch\n"
    "torch.cuda": "torch.cuda",
}


@pytest.mark.parametrize("text", IMPORTS)
def test_imports(text: str) -> None:
    assert meaning(text) == IMPORTS[text]


@pytest.mark.parametrize("text", SHADOWS)
def test_shadowing(text: str) -> None:
    assert meaning(text) == SHADOWS[text]


@pytest.mark.parametrize("text", FLOW)
def test_local_flow(text: str) -> None:
    assert meaning(text) == FLOW[text]


@pytest.mark.parametrize("text", HANDLES)
def test_handles_and_facades(text: str) -> None:
    assert meaning(text) == HANDLES[text]


def test_the_answer_does_not_depend_on_what_was_asked_before() -> None:
    """Answers are remembered; a long chain and a cycle must not leave wrong ones behind."""
    names = [f"a{number}" for number in range(40)]
    chain = "import torch\na0 = torch\n"
    chain += "".join(f"{name} = {before}\n" for before, name in pairwise(names))
    chain += "x = y\ny = x\ny = torch\n"
    for order in ([*names, "x", "y"], ["y", "x", *reversed(names)]):
        facts = facts_of(chain)
        scope = facts.index.module_scope
        answers = {name: facts.resolver.root(name, scope) for name in order}
        assert {answers[name] for name in names} == {Exact("torch")}
        assert answers["x"] == answers["y"] == Unknown()


STRINGS = """
import torch
from typing import Annotated, Callable, Literal, Optional
def f(a: "torch.Tensor", b: Optional["torch.Size"], c: Literal["torch.dtype"],
      d: Callable[["torch.device"], None], e: Annotated["torch.Stream", "torch.Event"],
      g: "list[torch.Generator]" = "torch.layout") -> "torch.finfo | None":
    x: "torch.iinfo" = 1
"""


def test_names_in_string_annotations() -> None:
    facts = facts_of(STRINGS)
    found = {
        name
        for use in facts.index.uses["torch"]
        for name in facts.resolver.use(use).names
        if isinstance(use.node, cst.SimpleString)
    }
    annotated = "Tensor Size device Stream Generator finfo iinfo"
    assert found == {f"torch.{name}" for name in annotated.split()}


def test_broken_string_annotations_are_no_names() -> None:
    for text in ("", " ", "not a name!", "(", "(" * 500, "a\\nb", "'torch'"):
        facts_of(f"import torch\ndef f(a: {text!r}): pass\n")


def test_facades_of_the_project() -> None:
    source = SourceText("from mypackage.runtime import torch\ntorch.cuda\n")
    facts = FileFacts.parse(source, Wanted(), {"mypackage.runtime.torch": "torch"})
    (use,) = facts.index.uses["torch"]
    assert facts.resolver.use(use) == Exact("torch.cuda")
