"""Names and positions against LibCST's own metadata providers.

``bench/oracle.py`` does the same on any folders; its ``EXPLAINED`` lists where the two are meant
to differ, with the reason.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.facts.test_names import FLOW, HANDLES, IMPORTS, SHADOWS

ROOT = Path(__file__).parents[2]


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("torchdet_oracle", ROOT / "bench" / "oracle.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


ORACLE = load_script()

HARD = r'''#!/usr/bin/env python
# -*- coding: utf-8 -*-
"""Docstring."""
from __future__ import annotations ; import torch, os as o  # comment
from torch import (
    nn,  # comment
    cuda as c ,
)
x = ( torch . cuda  # comment
      . is_available ( ) )
@torch.no_grad()  # comment

# another
@(torch .jit.script)
class A ( nn.Module , metaclass = M ) :

    """é 中文 🎉""" ; y: torch.Tensor = torch.tensor( [1 , 2], device = 'cuda' )

    async def f( self , a:torch.dtype=torch.float , / , *b , c = ( 1 , ) , **d )  ->  torch.X :
        async with torch.a as e , (torch.b) as f : pass
        async for g in torch . c : await torch.d ( ) ; break
        else : yield torch.e
        return [ torch.f async for h in torch.g if torch.h ] , { ** torch.i }
        return lambda q = torch.j : q
if torch.a and \
   torch.b or not torch . c :
	t = torch.d if torch.e else torch.f
elif torch.g: pass
else:
	del torch.h , torch.i [ 0 : torch.j , ... ]
try : raise torch.E from torch.F
except (torch.G , torch.H) as z : pass
finally : assert torch.I , 'a' "b" f'{torch.J!r:>{torch.K}} {{}}' r"\d" ; b'x' b"y"
match torch.L :
    case torch.M ( a , b = torch.N ) | { 'k' : torch.O , ** rest } if torch.P : pass
    case [ 1 , -2 + 3j , * _ ] as w : pass
while ( n := torch.Q ) : continue
for i , * j in torch.R : print( * torch.S , sep = '' , ** torch.T )
x = - ~ torch.U ** - torch.V @ torch.W << 2 ; x += torch . X
global_ = torch.Y[ : , torch.Z ][ 1 : 2 ] ( )
type Alias [ T : torch.a , * Ts , ** P ] = list [ torch.b ]
def g [ T ] ( a : T ) -> "torch.c" : return a
'''


def causes(text: str) -> set[str]:
    return {difference.cause for difference in ORACLE.compare("x.py", text.encode()).differences}


FILES = sorted([*ROOT.glob("src/torchdet/[fme]*/*.py"), *ROOT.glob("tests/facts/*.py")])[::3]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_of_this_project(path: Path) -> None:
    comparison = ORACLE.compare(str(path), path.read_bytes())
    unexplained = [d for d in comparison.differences if d.cause not in ORACLE.EXPLAINED]
    assert not unexplained, "\n".join(map(str, unexplained))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["\n", "", "\n\n  # comment", "\f\n"])
def test_hard_positions(newline: str, end: str) -> None:
    text = (HARD.rstrip("\n") + end).replace("\n", newline)
    comparison = ORACLE.compare("hard.py", text.encode())
    assert comparison.positions > 250
    assert {d.cause for d in comparison.differences} <= {"flow"}, comparison.differences


DIFFERENT = {
    "import torch\ndef f():\n    del torch\n    torch.cuda\n": {"deletion"},
    "import torch\ndef f(x):\n    match x:\n        case torch: pass\n    torch.a\n": {"pattern"},
    "import torch\ndef f(x):\n    [(torch := a) for a in x]\n    torch.cuda\n": {"walrus"},
    "import torch\ndef f():\n    global torch\n    torch = 1\ntorch.cuda\n": {"shadowed"},
    "t = torch\nimport torch\n": {"order"},
    "import torch\nt = torch\nt.cuda\n": {"flow"},
    "from torchdet.facade import torch\ntorch.cuda\n": {"facade"},
    "from torch import *\nempty\n": {"star"},
    "from kit._torch_runtime import torch\ntorch.cuda\n": {"runtime module"},
}


@pytest.mark.parametrize("text", DIFFERENT)
def test_each_explained_difference(text: str) -> None:
    assert causes(text) == DIFFERENT[text]


def test_every_explanation_has_a_case() -> None:
    assert set().union(*DIFFERENT.values()) == set(ORACLE.EXPLAINED)


@pytest.mark.parametrize("text", [*IMPORTS, *SHADOWS, *FLOW, *HANDLES])
def test_the_cases_about_names(text: str) -> None:
    assert causes(text + "\n") <= set(ORACLE.EXPLAINED)
