"""Which expressions are tensors: the last line of each case is the expression asked about."""

from __future__ import annotations

import textwrap

import libcst as cst
import pytest

from tests.facts.asking import asked
from torchdet.reading.tensors.inference import tensor_confidence

IMPORTS = (
    "import numpy as np\nimport torch\nimport torch.nn.functional as F\nfrom torch import nn\n"
)


def confidence(text: str) -> str | None:
    facts, expression = asked(IMPORTS + textwrap.dedent(text))
    found = tensor_confidence(expression, facts)
    return found.value if found is not None else None


CERTAIN = [
    "torch.zeros(3)",
    "torch.zeros(3).float().view(-1)[0]",
    "F.softmax(x, dim=-1)",
    "nn.Parameter(y)",
    "torch.Tensor(3)",
    "torch.linalg.inv(a)",
    "torch.sort(a)[0]",
    "torch.topk(a, 2).values",
    "torch.max(a)",
    "torch.max(a, torch.zeros(3))",
    "torch.Tensor.add(a, b)",
    "torch.zeros(3).normal_()",
    "2 * torch.zeros(3)",
    "-torch.zeros(3) ** 2 + a",
    "torch.zeros(3) > 0",
    "~(torch.zeros(3) == 1)",
    "torch.zeros(3) if c else torch.ones(3)",
    "nn.Linear(2, 2)(a)",
    "nn.Linear(2, 2).eval()(a)",
    "x = torch.zeros(3)\nx",
    "x = torch.zeros(3)\nx += y\nx",
    "values, indices = torch.zeros(3).sort()\nindices",
    "a, b = torch.ones(3), 5\na",
    "for a, b in zip(torch.ones(3), y):\n    a",
    "for i, row in enumerate(torch.ones(3)):\n    row",
    "[row for row in torch.ones(3)]\nx = torch.ones(3)\nx.data",
    "def f(x: torch.Tensor):\n    x",
    "def f(x: 'torch.Tensor | None' = None):\n    x",
    "from typing import Optional\ndef f(x: Optional[torch.LongTensor] = None):\n    x",
    "from typing import Union\ndef f(x: Union[torch.Tensor, None]):\n    x",
    "from torch import Tensor\ndef f(x: Tensor):\n    x = x.flatten(1)\n    x",
    "from jaxtyping import Float\nfrom torch import Tensor\ndef f(x: Float[Tensor, 'b c']):\n    x",
    "def f(x):\n    if isinstance(x, torch.Tensor):\n        x",
    "def f(x):\n    if not isinstance(x, torch.Tensor):\n        raise TypeError\n    x",
    "def f(x):\n    assert torch.is_tensor(x) and x.ndim\n    x",
    "def f(x):\n    if not torch.is_tensor(x):\n        x = torch.tensor(x)\n    x",
    "x = np.zeros(3)\nx = torch.from_numpy(x)\nx",
    "x = None\nx = torch.ones(3)\nx",
    "if c:\n    x = torch.ones(3)\nelse:\n    x = torch.zeros(3)\nx",
    "x = []\nif c:\n    x = torch.ones(3)\nelse:\n    raise ValueError\nx",
    "x = torch.zeros(3)\nfor i in range(3):\n    x = x + i\nx",
    "x = torch.zeros(3)\nwhile c:\n    y = x * 2\n    x = y.relu()\nx",
    "try:\n    x = torch.ones(3)\nexcept RuntimeError:\n    x = torch.zeros(3)\nx",
    "def g():\n    return torch.zeros(3)\nx = g()\nx",
    "def g() -> torch.Tensor:\n    return y\ng()",
    "def g() -> tuple[torch.Tensor, torch.Tensor]:\n    return y\na, b = g()\nb",
    "class A(nn.Module):\n    def __init__(self):\n        self.w = nn.Parameter(torch.ones(3))\n"
    "    def f(self):\n        self.w",
    "class A(nn.Module):\n    def __init__(self):\n        self.register_buffer('w', x)\n"
    "    def f(self):\n        self.w",
    "class A(nn.Module):\n    w: torch.Tensor\n    def f(self):\n        self.w",
    "class A:\n    @property\n    def w(self) -> torch.Tensor: ...\n"
    "    def f(self):\n        self.w",
    "def f(x: torch.Tensor):\n    def g():\n        x",
    "(y := torch.ones(3)).sum()",
    "def g():\n    _f(torch.ones(3))\n    _f(torch.zeros(3))\ndef _f(x):\n    x",
    "pair = (torch.ones(3), torch.zeros(3))\npair[1]",
    "class A:\n    def __init__(self):\n        self.w = torch.ones(3)\n"
    "class B(A):\n    def f(self):\n        self.w",
    "torch.nonzero(a)",
    "torch.nonzero(a, as_tuple=True)[0]",
    "try:\n    import torch\nexcept ImportError:\n    torch = None\ntorch.ones(3)",
]
LIKELY = [
    "xs = [torch.ones(3), torch.zeros(3)]\nxs[1]",
    "class A(nn.Module):\n    def forward(self, x, mask=None):\n        mask",
    "class A(nn.Module):\n    def forward(self, x):\n        b, c = x.shape\n"
    "        x = x.view(b, c)\n        x",
    "class A(nn.Module):\n    def __init__(self):\n        self.fc = nn.Linear(2, 2)\n"
    "    def f(self, y):\n        self.fc(y)",
    "class A(nn.Module):\n    def __init__(self, norm_layer):\n        self.n = norm_layer(2)\n"
    "    def f(self, y):\n        self.n(y)",
    "class A(nn.Module):\n    def __init__(self):\n        self.rnn = nn.LSTM(2, 2)\n"
    "    def f(self, y):\n        out, _ = self.rnn(y)\n        out",
    "class A(nn.Module):\n    def __init__(self):\n        self.s = nn.ModuleList([])\n"
    "    def f(self, y):\n        for each in self.s:\n            y = each(y)\n            y",
    "class A(nn.Module):\n    def __init__(self):\n        self.fc = nn.Linear(2, 2)\n"
    "    def f(self):\n        self.fc.weight",
    "class B(nn.Module):\n    def forward(self, x):\n        return x * 2\n"
    "class A(nn.Module):\n    def __init__(self):\n        self.b = B()\n"
    "    def f(self, y):\n        self.b(y)",
    "from torch.utils.data import DataLoader\nloader = DataLoader(d)\nfor x, y in loader:\n    y",
    "def train(train_loader):\n    for i, (x, y) in enumerate(train_loader):\n        y",
    "class F_(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n        x",
    "def f(x):\n    x.unsqueeze(0)",
    "y * torch.ones(3)",
    "torch.ones(3) == (1, 2)",
    "def f(x):\n    y = F.softmax(x, dim=-1)\n    x",
    "def f(x, y=None):\n    z = x.masked_fill(y, 0)\n    x.sum(0)",
    "def f(x):\n    if x.ndim == 2:\n        x = x.unsqueeze(0)\n    x",
]
NEITHER = [
    "def g():\n    _f(torch.ones(3))\n    _f(np.zeros(3))\ndef _f(x):\n    x",
    "def g():\n    f(torch.ones(3))\ndef f(x):\n    x",
    "checked = torch.is_tensor(x)\nx = helper(x)\nif checked:\n    x",
    "pair = (torch.ones(3), 5)\npair[1]",
    "np.zeros(3)",
    "torch.zeros(3).numpy()",
    "torch.zeros(3).tolist()",
    "torch.zeros(3).size(0)",
    "torch.zeros(3).shape",
    "torch.zeros(3).sort()",
    "torch.max(a, 0)",
    "torch.max(a, dim)",
    "torch.where(a > 0)",
    "torch.unique(a, return_counts=True)",
    "torch.load(path)",
    "torch.ones(3) is None",
    "torch.ones(3) in y",
    "not torch.ones(3)",
    "import pandas as pd\nframe = pd.read_csv('a')\nframe",
    "x = [1, 2]\nx",
    "x = torch.ones(3)\nx = x.numpy()\nx",
    "x = torch.ones(3)\nif c:\n    x = x.numpy()\nx",
    "x = torch.ones(3)\nfor i in y:\n    x\n    x = f(i)",
    "x = []\nfor i in y:\n    x = torch.ones(3)\nx",
    "for i, row in enumerate(torch.ones(3)):\n    i",
    "def f(x):\n    x",
    "def f(x: np.ndarray):\n    x",
    "def f(x: 'np.ndarray | torch.Tensor'):\n    x",
    "def f(x: list[torch.Tensor]):\n    x",
    "def f(x: torch.Tensor):\n    if isinstance(x, np.ndarray):\n        x",
    "def f(x: torch.Tensor):\n    x = helper(x)\n    x",
    "def f(x):\n    if isinstance(x, (torch.Tensor, np.ndarray)):\n        x",
    "def f(x):\n    if isinstance(x, torch.Tensor):\n        x = x.numpy()\n    x",
    "def f(x):\n    if isinstance(x, torch.Tensor):\n        return\n    x",
    "def f(x):\n    if isinstance(x, torch.Tensor) or c:\n        x",
    "class A(nn.Module):\n    def forward(self, batch):\n        batch",
    "class A(nn.Module):\n    def forward(self, x, dim=1):\n        dim",
    "class A(nn.Module):\n    def forward(self, x):\n        b, c = x.shape\n        b",
    "class A(nn.Module):\n    def encode(self, x):\n        x",
    "class A:\n    def forward(self, x):\n        x",
    "class A(nn.Module):\n    def __init__(self):\n        self.t = Tokenizer()\n"
    "    def f(self, y):\n        self.t(y)",
    "class A(nn.Module):\n    def __init__(self):\n        self.rnn = nn.LSTM(2, 2)\n"
    "    def f(self, y):\n        self.rnn(y)",
    "class A(nn.Module):\n    def __init__(self):\n        self.w = []\n"
    "        self.w = torch.ones(3)\n"
    "    def f(self):\n        self.w",
    "class A:\n    def __init__(self, w):\n        self.w = w\n    def f(self):\n        self.w",
    "def f():\n    global x\n    x = 5\nx = torch.ones(3)\nx",
    "def torch(): ...\ntorch.ones(3)",
    "def f():\n    return f()\nf()",
    "x = x + 1\nx",
    "def f(x):\n    y = torch.as_tensor(x)\n    x",
    "def f(x):\n    y = np.log(x)\n    z = torch.log(x)\n    x",
    "def f(x):\n    y = x.astype(int)\n    z = x.permute(1, 0)\n    x",
    "def f(x=1):\n    y = torch.log(x)\n    x",
    "def f(x):\n    x = x.helper()\n    y = torch.log(x)\n    x",
]


@pytest.mark.parametrize("text", CERTAIN)
def test_certain(text: str) -> None:
    assert confidence(text) == "certain"


@pytest.mark.parametrize("text", LIKELY)
def test_likely(text: str) -> None:
    assert confidence(text) == "likely"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y.index_add_(0, i, v)", "likely"),
        ("y[0].scatter_add_(0, i, v)", "likely"),
        ("y.sort()", None),
        ("y.median()", None),
        ("np.copy_(y)", None),
    ],
)
def test_the_method_that_is_called_tells(text: str, expected: str | None) -> None:
    facts, call = asked(IMPORTS + text)
    assert isinstance(call, cst.Call)
    assert isinstance(call.func, cst.Attribute)
    found = tensor_confidence(call.func.value, facts)
    assert (found.value if found is not None else None) == expected


@pytest.mark.parametrize("text", NEITHER)
def test_neither(text: str) -> None:
    assert confidence(text) is None


def test_a_long_chain_is_followed_to_its_end() -> None:
    rows = "".join(f"x{i + 1} = x{i} * 2\n" for i in range(1000))
    assert confidence(f"x0 = torch.ones(3)\n{rows}x1000") == "certain"
