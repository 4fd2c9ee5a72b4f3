"""Fingerprints, by which a platform knows a finding again in the next run."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.model.identity import Identity, identities
from torchdet.report.path_uri import path_uri


def fingerprinted(report: FileReport) -> Iterator[tuple[Diagnostic, str]]:
    """Each diagnostic of ``report`` with a fingerprint that no other of the run has.

    It stays the same when lines are added or removed elsewhere, when indentation changes, and
    when the rule's message does.
    """
    seen: Counter[Identity] = Counter()
    for diagnostic, identity in identities(report):
        parts = (path_uri(report.path), *identity, str(seen[identity]))
        seen[identity] += 1
        # NUL stands in none of the parts, so that no two lists of parts make the same text.
        data = "\0".join(parts).encode("utf-8", "surrogatepass")
        yield diagnostic, hashlib.sha256(data).hexdigest()[:32]
