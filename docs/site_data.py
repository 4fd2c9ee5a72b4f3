"""What the site holds beside the pages: a hook of MkDocs, which ``mkdocs.yml`` names."""

from __future__ import annotations

import json
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from torchdet.torch_api.operations import operations
from torchdet.torch_api.presentation import search_row

_CHANGES = Path(__file__).parents[1] / "CHANGELOG.md"


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the changelog, and the rows of the catalogue that its search reads."""
    rows = [search_row(each) for each in operations().values()]
    files.append(File.generated(config, "assets/catalogue.json", content=json.dumps(rows)))
    changes = _CHANGES.read_text(encoding="utf-8")
    files.append(File.generated(config, "changelog.md", content=changes))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """In the repository the changelog lies above the pages, in the site among them."""
    return markdown.replace("](../CHANGELOG.md)", "](changelog.md)")
