"""Files that a migration leaves alone."""

from __future__ import annotations

from torchdet.migrate.left_alone import is_vendored


def test_vendored_folders_are_left_alone_unless_named() -> None:
    assert is_vendored("src/kit/_vendor/net.py", ["src"])
    assert is_vendored("third_party/net/a.py", ["."])
    assert not is_vendored("third_party/net/a.py", ["third_party"])
    assert not is_vendored("src/kit/vendor.py", ["src"])
