"""Write ``docs/configuration.md``: ``python docs/generate_configuration.py``."""

from __future__ import annotations

from pathlib import Path

from torchdet.config_file.reference import configuration_page

PAGE = Path(__file__).parent / "configuration.md"


def main() -> None:
    """Write the page."""
    PAGE.write_text(configuration_page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
