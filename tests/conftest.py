"""What holds for all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How long a machine takes that does other things meanwhile says nothing about the code.
settings.register_profile("torchdet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("torchdet")
