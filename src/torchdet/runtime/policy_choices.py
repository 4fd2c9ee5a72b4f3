"""The choices that a policy is made of, as enums whose values are what configuration writes."""

from __future__ import annotations

from enum import Enum
from typing import Literal


class OnMissing(Enum):
    """What happens when the requested accelerator is not there."""

    REJECT = "reject"
    REDIRECT = "redirect"
    CPU = "cpu"


class Precision(Enum):
    """How float32 matrix products and convolutions compute on hardware that offers TF32."""

    IEEE = "ieee"
    TF32 = "tf32"


PrecisionName = Literal["ieee", "tf32"]


class ThreadAffinity(Enum):
    """Which threads may set the runtime up."""

    REQUIRES_MAIN_THREAD = "requires-main-thread"
    WORKER_SAFE = "worker-safe"


class Determinism(Enum):
    """What torch does when an operation has no deterministic implementation."""

    STRICT = "strict"
    WARN_ONLY = "warn-only"
