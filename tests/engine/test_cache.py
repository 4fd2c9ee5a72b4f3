"""Where reports are kept between runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from torchdet.engine.cache import default_folder


def test_the_environment_names_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHDET_CACHE_DIR", "/somewhere")
    assert default_folder() == Path("/somewhere")


def no_home(*_: object, **__: object) -> str:
    raise RuntimeError("could not determine the home directory")


@pytest.mark.parametrize("answer", [no_home, lambda *_, **__: "~/.cache/torchdet"])
def test_a_user_without_a_home_has_no_cache(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[..., str]
) -> None:
    """What platformdirs, newer and older, answers to a user without an entry for one."""
    monkeypatch.delenv("TORCHDET_CACHE_DIR", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_dir", answer)
    assert default_folder() is None
