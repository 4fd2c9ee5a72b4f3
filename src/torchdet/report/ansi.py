"""Colours for the text formats: a few ANSI sequences, or none."""

from __future__ import annotations

from dataclasses import dataclass

from torchdet.model.diagnostic import Severity

BOLD = "1"
RED = "31"
GREEN = "32"
CYAN = "36"
BLUE = "1;34"

_SEVERITIES = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.INFO: "1;36"}


@dataclass(frozen=True, slots=True)
class Paint:
    """Puts text in a colour, when ``colour`` is on.

    >>> Paint(colour=True)("x.py", BOLD)
    '\\x1b[1mx.py\\x1b[0m'
    >>> Paint(colour=False)("x.py", BOLD)
    'x.py'
    """

    colour: bool
    links: bool = False

    def __call__(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text

    def link(self, text: str, url: str) -> str:
        """``text`` as a link to ``url`` that a terminal opens (OSC 8), when ``links`` is on."""
        return f"\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\" if self.links else text

    def severity(self, text: str, severity: Severity) -> str:
        """``text`` in the colour of ``severity``: red, yellow or cyan."""
        return self(text, _SEVERITIES[severity])
