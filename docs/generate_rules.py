"""Write ``docs/rules/`` out of the docstrings of the rules: ``python docs/generate_rules.py``."""

from __future__ import annotations

from pathlib import Path

from torchdet.findings.documentation import documentation_pages
from torchdet.findings.registry import all_rules

FOLDER = Path(__file__).parent / "rules"


def main() -> None:
    """Write every page, and delete those of rules that are no more."""
    pages = documentation_pages(all_rules())
    FOLDER.mkdir(exist_ok=True)
    for left_over in {path.name for path in FOLDER.glob("*.md")} - set(pages):
        (FOLDER / left_over).unlink()
    for name, text in pages.items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
