"""What a program is told about the machine while its requests are redirected."""

from __future__ import annotations

from enum import Enum


class AnswerMode(Enum):
    """The two modes of redirection. Requests go the same way in both; the answers differ.

    ``HONEST``: availability, counts and device types tell of the machine that is there, so code
    that looks first takes the path that it has for this machine. ``MASQUERADE``: everything
    answers as a machine with CUDA does, so code that insists on CUDA runs.
    """

    HONEST = "honest"
    MASQUERADE = "masquerade"
