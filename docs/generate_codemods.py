"""Write ``docs/codemods.md``: ``python docs/generate_codemods.py``."""

from __future__ import annotations

from pathlib import Path

from torchdet.findings.codemod_documentation import codemods_page
from torchdet.findings.codemod_registry import all_codemods
from torchdet.findings.registry import all_rules

PAGE = Path(__file__).parent / "codemods.md"


def main() -> None:
    """Write the page."""
    rules = {rule.code: rule.info for rule in all_rules()}
    PAGE.write_text(codemods_page(all_codemods(), rules), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
