"""The site has no dead links, and its pages lie where findings link to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from torchdet.bounded_toml import parse_toml
from torchdet.findings.registry import all_rules
from torchdet.model.documentation import DOCUMENTATION_URL, rule_url

ROOT = Path(__file__).parents[2]


def test_the_site_is_published_where_links_lead() -> None:
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    project = parse_toml((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert site["site_url"] == f"{DOCUMENTATION_URL}/"
    assert isinstance(project, dict)
    assert project["urls"]["Documentation"] == DOCUMENTATION_URL


def test_the_site_builds_with_strict_links_and_has_the_page_of_every_rule(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="needs the extra `docs`")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=600,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    for rule in all_rules():
        way = rule_url(rule.name).removeprefix(f"{DOCUMENTATION_URL}/")
        page = (tmp_path / way / "index.html").read_text(encoding="utf-8")
        assert f"{rule.name} ({rule.code})" in page
    assert not list(tmp_path.rglob("generate_*"))
