"""The page about the configuration is generated, and its examples are accepted."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from torchdet.config_file import read_lint_config
from torchdet.config_file.reference import KEYS, configuration_page, example_toml
from torchdet.config_file.values import CONVERTERS
from torchdet.model.config import LintConfig

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page == configuration_page(), "run `python docs/generate_configuration.py`"


def test_every_key_is_described() -> None:
    assert KEYS.keys() == CONVERTERS.keys()


@pytest.mark.parametrize("name", KEYS)
def test_the_example_of_a_key_is_accepted_and_says_something(name: str, tmp_path: Path) -> None:
    (tmp_path / "torchdet.toml").write_text('ignore = ["DET101"]\n', encoding="utf-8")
    below = tmp_path / "below"
    below.mkdir()
    path = below / "pyproject.toml"
    path.write_text(example_toml(name), encoding="utf-8")
    config = read_lint_config(path)
    assert config is not None
    field = "ignore" if name == "extend" else name.replace("-", "_")
    if name != "torch-version":
        assert getattr(config, field) != getattr(LintConfig(), field)
    else:
        assert config.torch_version_from == str(path)


def test_the_generator_writes_the_page(tmp_path: Path) -> None:
    script = tmp_path / "generate_configuration.py"
    source = ROOT / "docs" / "generate_configuration.py"
    script.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    runpy.run_path(str(script), run_name="__main__")
    assert (tmp_path / "configuration.md").read_text(encoding="utf-8") == configuration_page()
