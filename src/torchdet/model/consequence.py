"""What comes of leaving a finding as it is."""

from __future__ import annotations

from enum import Enum


class Consequence(Enum):
    """What a rule's findings mean for the program, the worst first.

    ``STOPS``: an operation raises once deterministic mode is on. ``VARIES``: results differ from
    run to run, and nothing says so. ``TIED``: the code runs on one kind of device only.
    ``CHOICE``: everything else, which a project may well want as it is.
    """

    STOPS = "Stops in deterministic mode"
    VARIES = "Differs from run to run"
    TIED = "Tied to one accelerator"
    CHOICE = "A matter of choice"
