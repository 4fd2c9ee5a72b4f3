"""Write ``docs/codemods.md``: ``python docs/generate_codemods.py``."""

from __future__ import annotations

from pathlib import Path

from torchdet.findings.codemod_documentation import codemods_page
from torchdet.findings.codemod_registry import all_answers

PAGE = Path(__file__).parent / "codemods.md"


def main() -> None:
    """Write the page."""
    answers = {rule.info: answer for rule, answer in all_answers().items()}
    PAGE.write_text(codemods_page(answers), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
