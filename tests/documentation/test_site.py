"""The site has no dead links, and its pages lie where findings link to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.browser import needs_browser, title_in_browser
from torchdet.bounded_toml import parse_toml
from torchdet.findings.registry import all_rules
from torchdet.model.documentation import DOCUMENTATION_URL, rule_url
from torchdet.torch_api.operations import operations
from torchdet.torch_api.presentation import search_row

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
    form = (tmp_path / "catalogue-search" / "index.html").read_text(encoding="utf-8")
    assert 'data-rows="../assets/catalogue.json"' in form
    assert "assets/catalogue-search.js" in form
    rows = json.loads((tmp_path / "assets" / "catalogue.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in rows] == list(operations())


@pytest.mark.parametrize(
    ("asked", "device", "release", "found", "left_out"),
    [
        ("index_add_", "", "", {"index_add", "index_add (mps)"}, {"histc"}),
        ("index_add_", "cuda", "", {"index_add"}, {"index_add (mps)"}),
        ("index_add_", "mps", "2.13.1", {"index_add (mps)"}, {"index_add"}),
        ("index_add_", "mps", "2.12", set(), {"index_add", "index_add (mps)"}),
        (
            "F.interpolate", "cuda", "2.7",
            {"interpolate trilinear (before 2.8)"}, {"interpolate trilinear"},
        ),
        (
            "F.interpolate", "cuda", "2.10",
            {"interpolate trilinear"}, {"interpolate trilinear (before 2.8)"},
        ),
        ("no_such_operation", "", "", set(), {"index_add"}),
        ("", "", "", set(), {"index_add"}),
    ],
)  # fmt: skip
def test_the_search_knows_spellings_devices_and_releases(
    asked: str, device: str, release: str, found: set[str], left_out: set[str]
) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js")
    rows = [search_row(each) for each in operations().values()]
    program = (
        f"const {{search}} = require({json.dumps(str(ROOT / 'docs/assets/catalogue-search.js'))});"
        "const [rows, ...asked] = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify(search(rows, ...asked).map((row) => row.name)));"
    )
    ran = subprocess.run(
        [node, "-e", program], input=json.dumps([rows, asked, device, release]),
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    names = set(json.loads(ran.stdout))
    assert found <= names
    assert not left_out & names
    if not found:
        assert not names


@needs_browser
def test_the_search_answers_in_a_browser(tmp_path: Path) -> None:
    rows = json.dumps([search_row(each) for each in operations().values()])
    form = (ROOT / "docs" / "catalogue-search.md").read_text(encoding="utf-8")
    program = (ROOT / "docs" / "assets" / "catalogue-search.js").read_text(encoding="utf-8")
    served = f"fetch = async () => ({{json: async () => {rows}}});"
    page = f"<title></title><body>{form}<script>{served}{program}</script></body>"
    ask = """
        setTimeout(() => {
          const form = document.getElementById("catalogue-search");
          form.elements.operation.value = "F.interpolate";
          form.elements.device.value = "cuda";
          form.elements.release.value = "2.7";
          form.dispatchEvent(new Event("input"));
          const found = document.getElementById("catalogue-found");
          const names = [...found.querySelectorAll("h3")].map((each) => each.textContent);
          const code = [...found.querySelectorAll("dd code")].map((each) => each.textContent);
          document.title = JSON.stringify([names, code]);
        }, 100);
    """
    names, code = json.loads(title_in_browser(page, ask, tmp_path))
    assert "interpolate trilinear (before 2.8)" in names
    assert "interpolate trilinear" not in names
    assert "mode" in code
