"""Where the handle is bound, and under which name."""

from __future__ import annotations

import libcst as cst
import pytest

from tests.edit.test_statements import edit, parse
from torchdet.facts.walk import descendants
from torchdet.findings.handle.handle_site import WantedNames, bind_names
from torchdet.findings.handle.torch_access import TorchAccess, handle_name

BOUND = "from torchdet.runtime import get_torch_handle\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import torch\n", "rt"),
        ("rt = 1\n", "torch_rt"),
        ("def f(rt): pass\n", "torch_rt"),
        ("print(rt)\n", "torch_rt"),
        ("def f():\n    global rt\n    rt = torch_rt = 1\n", "torch_runtime"),
        (f"{BOUND}hub = get_torch_handle()\n", "hub"),
        (f"{BOUND}hub = get_torch_handle()\nhub = 1\n", "rt"),
        (f"{BOUND}def f():\n    rt = get_torch_handle()\n", "rt"),
        (f"{BOUND}hub = get_torch_handle()\ndef f(hub): pass\n", "rt"),
    ],
)
def test_name(text: str, name: str) -> None:
    assert handle_name(parse(text)) == name


def bound(text: str) -> str:
    """The text with the handle bound for each ``USE`` in it."""
    facts = parse(text)
    users = [
        node
        for node in descendants(facts.module)
        if isinstance(node, cst.Name) and node.value == "USE"
    ]
    edits = bind_names(facts, WantedNames(handle_name(facts)), TorchAccess(), users)
    return edit(facts, *edits)


HANDLE = "from torchdet.runtime import get_torch_handle\n\nrt = get_torch_handle()\n"
CASES = {
    "without any import of torch": ("def f():\n    USE\n", f"{HANDLE}\n\ndef f():\n    USE\n"),
    "below the docstring": ('"""Doc."""\nUSE\n', f'"""Doc."""\n\n{HANDLE}\nUSE\n'),
    "in the row of the docstring": (
        '"""Doc."""; USE\n',
        '"""Doc."""; from torchdet.runtime import get_torch_handle; rt = get_torch_handle(); USE\n',
    ),
    "in the row of an import that must come first": (
        "from __future__ import annotations; import torch\nUSE\n",
        "from __future__ import annotations; from torchdet.runtime import get_torch_handle; "
        "rt = get_torch_handle(); import torch\nUSE\n",
    ),
    "beside an import that may fail, above the others": (
        "try:\n    import torch\nexcept ImportError:\n    torch = None\n"
        "import torch.nn as nn\n\nUSE\n",
        "try:\n    from torchdet.runtime import get_torch_handle\n\n"
        "    rt = get_torch_handle()\n    import torch\nexcept ImportError:\n    torch = None\n"
        f"import torch.nn as nn\n{BOUND}\nrt = get_torch_handle()\n\nUSE\n",
    ),
    "below the imports": (
        "import os\nimport pandas\nimport torch\n\nUSE\n",
        "import os\nimport pandas\nimport torch\n"
        "from torchdet.runtime import get_torch_handle\n\nrt = get_torch_handle()\n\nUSE\n",
    ),
    "among the imports, where it is needed there": (
        "import torch\nUSE\nimport os\n",
        f"import torch\n{HANDLE}USE\nimport os\n",
    ),
    "where torch may be absent": (
        "try:\n    import torch\nexcept ImportError:\n    torch = None\n\n\ndef f():\n    USE\n",
        "try:\n    from torchdet.runtime import get_torch_handle\n\n    rt = get_torch_handle()\n"
        "    import torch\nexcept ImportError:\n    torch = None\n\n\ndef f():\n    USE\n",
    ),
    "in the function that imports torch": (
        "def f():\n    import torch\n    USE\n",
        "def f():\n    from torchdet.runtime import get_torch_handle\n\n"
        "    rt = get_torch_handle()\n    import torch\n    USE\n",
    ),
    "in another function as well": (
        'def f():\n    import torch\n\n\ndef g():\n    """Doc."""\n    return USE\n',
        "def f():\n    from torchdet.runtime import get_torch_handle\n\n"
        '    rt = get_torch_handle()\n    import torch\n\n\ndef g():\n    """Doc."""\n'
        "    from torchdet.runtime import get_torch_handle\n\n    rt = get_torch_handle()\n"
        "    return USE\n",
    ),
    "at the top for what runs at import": (
        "def f():\n    import torch\n\n\nUSE\n",
        "from torchdet.runtime import get_torch_handle\n\nrt = get_torch_handle()\n\n\n"
        "def f():\n    import torch\n\n\nUSE\n",
    ),
    "not twice": (f"{HANDLE}\nUSE\n", f"{HANDLE}\nUSE\n"),
}


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
def test_place(before: str, after: str) -> None:
    assert bound(before) == after
