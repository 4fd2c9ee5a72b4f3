"""How the order of an iterable can show."""

from __future__ import annotations

from dataclasses import dataclass

from torchdet.model.diagnostic import Confidence


@dataclass(frozen=True, slots=True)
class OrderUse:
    """A place where the order shows: ``effect`` says how, with "they" for the elements."""

    effect: str
    confidence: Confidence


NUMBERED = OrderUse("they are numbered in it", Confidence.CERTAIN)
INDEXED = OrderUse("a data set reads them by index", Confidence.CERTAIN)
ITERATED = OrderUse("a data set yields them in it", Confidence.CERTAIN)
JOINED = OrderUse("they are put together in it", Confidence.CERTAIN)
SPLIT = OrderUse("they are split by it", Confidence.CERTAIN)
DRAWN = OrderUse("a random draw from them depends on it, seeded or not", Confidence.CERTAIN)
MAYBE_DRAWN = OrderUse(DRAWN.effect, Confidence.LIKELY)
PAIRED = OrderUse("they are paired by position", Confidence.LIKELY)
CUT = OrderUse("some are taken by position", Confidence.LIKELY)
LAYERS = OrderUse("layers are made in it", Confidence.LIKELY)
APPENDED = OrderUse("they are joined to one text in it", Confidence.LIKELY)
DRAWS = OrderUse("each of them gets the next random numbers", Confidence.LIKELY)
PICKED = OrderUse("one is picked by its position", Confidence.LIKELY)
LISTED = OrderUse(
    "the caller receives a list of them in it and picks one by its position", Confidence.LIKELY
)
RETURNED = OrderUse("the caller receives them in it", Confidence.LIKELY)
