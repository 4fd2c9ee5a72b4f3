"""The pages about the runtime do what they say, and so do the examples of its docstrings."""

from __future__ import annotations

import doctest
import importlib
import re

import pytest

import torchdet.runtime
from tests.runtime.support import SOURCE, run_python
from torchdet.runtime import RejectionReason
from torchdet.runtime.policy import FIELD_NAMES

PAGES = SOURCE.parent / "docs" / "runtime"
MODULES = sorted(
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    for path in (SOURCE / "torchdet" / "runtime").rglob("*.py")
)


@pytest.mark.parametrize(
    "page", sorted(page.name for page in PAGES.glob("*.md") if "```python" in page.read_text())
)
def test_the_examples_of_a_page_run_from_top_to_bottom(tmp_path, page):
    text = (PAGES / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    run_python("\n".join(blocks), cwd=tmp_path)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_the_docstrings_hold(name, torch_handle):
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("torchdet") or ".adapters." not in name:
            raise
        pytest.skip(f"needs {error.name}")
    names = {"get_torch_handle": torchdet.runtime.get_torch_handle}
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    assert doctest.testmod(module, extraglobs=names, optionflags=flags).failed == 0


def test_every_reason_and_every_field_has_its_row():
    readme = (PAGES / "README.md").read_text(encoding="utf-8")
    for reason in RejectionReason:
        assert f"`{reason.value}`" in readme
    policy = (PAGES / "policy.md").read_text(encoding="utf-8")
    for field in FIELD_NAMES:
        assert f"`{field.replace('_', '-')}`" in policy


def test_every_public_name_of_the_handle_is_on_its_page():
    page = (PAGES / "handle.md").read_text(encoding="utf-8")
    for name in dir(torchdet.runtime.TorchHandle):
        if not name.startswith("_"):
            assert f"rt.{name}" in page, name
