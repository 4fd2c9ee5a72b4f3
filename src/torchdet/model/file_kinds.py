"""The kinds of files that hold something to check, by how their names end."""

from __future__ import annotations

PYTHON = ".py"
STUB = ".pyi"
NOTEBOOK = ".ipynb"
MARKDOWN = (".md", ".markdown")
YAML = (".yaml", ".yml")
JSON = ".json"
CONFIGURATIONS = (*YAML, JSON)
"""Files that may configure which devices a program uses."""

DOCUMENTS = (*MARKDOWN, ".rst")
"""Documents whose blocks of code are checked: Markdown and reStructuredText."""
