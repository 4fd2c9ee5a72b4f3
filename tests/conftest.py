"""What holds for all tests."""

from __future__ import annotations

import atexit
import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings

from tests.surroundings import settle

_HOME = tempfile.TemporaryDirectory(prefix="torchdet-home-")
atexit.register(_HOME.cleanup)
settle(Path(_HOME.name))

# How long a machine takes that does other things meanwhile says nothing about the code. The same
# examples each time, so that a change is told from chance; HYPOTHESIS_PROFILE=search looks further.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("torchdet", _PATIENT, derandomize=True)
settings.register_profile("search", _PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "torchdet"))
