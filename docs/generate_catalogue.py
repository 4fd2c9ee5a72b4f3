"""Write ``docs/catalogue.md``: ``python docs/generate_catalogue.py``."""

from __future__ import annotations

from pathlib import Path

from torchdet.torch_api.operations import operations
from torchdet.torch_api.presentation import catalogue_page

PAGE = Path(__file__).parent / "catalogue.md"


def main() -> None:
    """Write the page."""
    PAGE.write_text(catalogue_page(operations()), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
