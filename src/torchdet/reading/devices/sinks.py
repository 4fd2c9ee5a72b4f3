"""The places that take one kind of value, by the names that code gives them."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sinks:
    """The names by which code speaks of the places that take one kind of value.

    ``names`` matches variables, parameters, keywords, attributes and string keys, in lower case;
    ``mappings`` those that hold a mapping to such values, ``sequences`` keywords that take a list
    of them. ``methods`` take one at any position, whatever the object; ``functions`` matches the
    last name of functions that do. ``namespaces`` are the beginnings of qualified names of
    functions that take one at any position, less ``outside``; ``keywords`` pairs qualified names
    with keywords that ``names`` would not tell. ``annotations`` are the qualified names of the
    types of such values.
    """

    names: re.Pattern[str]
    mappings: re.Pattern[str] | None = None
    sequences: re.Pattern[str] | None = None
    methods: frozenset[str] = frozenset()
    functions: re.Pattern[str] | None = None
    namespaces: tuple[str, ...] = ()
    outside: re.Pattern[str] | None = None
    keywords: frozenset[tuple[str, str]] = frozenset()
    annotations: frozenset[str] = frozenset()

    def has_name(self, name: str) -> bool:
        """Whether a thing called ``name`` holds such a value.

        >>> DEVICE_SINKS.has_name("teacher_device"), DEVICE_SINKS.has_name("device_count")
        (True, False)
        """
        return matches(self.names, name)

    def takes_everywhere(self, function: str) -> bool:
        """Whether any argument of the function with this qualified name may be such a value."""
        outside = self.outside is not None and self.outside.fullmatch(function) is not None
        return function.startswith(self.namespaces) and not outside


def matches(pattern: re.Pattern[str] | None, name: str) -> bool:
    """Whether ``name``, without the dashes and underscores around it, has the form ``pattern``."""
    return pattern is not None and pattern.fullmatch(name.lower().strip("-_")) is not None


DEVICE_SINKS = Sinks(
    names=re.compile(
        r".*device|(?:.*_)?device_(?:type|str|string|name|spec|id|map)|.*map_location"
    ),
    mappings=re.compile(r".*map_location|(?:.*_)?device_map"),
    sequences=re.compile(r"device_ids"),
    methods=frozenset({"to", "pin_memory", "is_pinned"}),
    functions=re.compile(
        r"(?:.*_)?to_device|(?:select|get|set|init|resolve|parse)_(?:\w+_)?device(?:_type)?"
    ),
    namespaces=("torch.",),
    outside=re.compile(
        r"torch\.(?:_|backends|compile|export|hub|library|ops|package|profiler|testing|utils|"
        r"autograd\.profiler|cuda\.nvtx)\b.*"
    ),
    keywords=frozenset({("torch.device", "type")}),
    annotations=frozenset({"torch.device", "torch.types.Device"}),
)
"""The places that take a device, as text or as a `torch.device`."""
