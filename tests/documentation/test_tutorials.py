"""Every tutorial and how-to does, step by step, what it says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from tests.documentation.walkthrough import blocks, check, follow

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md")) + sorted(
    (ROOT / "docs" / "how-to").glob("*.md")
)


@pytest.mark.skipif(sys.platform != "linux", reason="the pages show a shell on Linux")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    follow(page.read_text(encoding="utf-8"), tmp_path)


def test_pages_name_hooks_that_exist() -> None:
    page = (ROOT / "docs" / "how-to" / "pre-commit.md").read_text(encoding="utf-8")
    known = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for block in blocks(page):
        (repository,) = yaml.safe_load(block.text)["repos"]
        assert {hook["id"] for hook in repository["hooks"]} <= {hook["id"] for hook in known}


@pytest.mark.skipif(sys.platform != "linux", reason="the pages show a shell on Linux")
def test_an_output_that_differs_fails_the_page(tmp_path: Path) -> None:
    follow("```console\n$ printf 'a 1\\nb\\nc\\n'\na ...\n...\nc\n```\n", tmp_path)
    with pytest.raises(AssertionError, match="echo"):
        follow("```console\n$ echo a\nb\n```\n", tmp_path)
    with pytest.raises(AssertionError, match="nobody runs"):
        follow("```python\nx = 1\n```\n", tmp_path)
    with pytest.raises(AssertionError):
        check("true", "more\n", "")
