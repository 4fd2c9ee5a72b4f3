from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from torchdet.findings.base import Rule
from torchdet.findings.documentation import INDEX, documentation_pages, explanation
from torchdet.findings.registry import all_rules
from torchdet.model.documentation import DOCUMENTATION_URL

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "rules"
PAGES = documentation_pages(all_rules())


@pytest.mark.parametrize("name", sorted(PAGES))
def test_page_is_up_to_date(name: str) -> None:
    remedy = "run `python docs/generate_rules.py`"
    assert (FOLDER / name).is_file(), remedy
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name], remedy


def test_no_page_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_page_holds_the_whole_docstring_at_the_address_that_findings_name(rule: Rule) -> None:
    place = rule.info.url.removeprefix(f"{DOCUMENTATION_URL}/").strip("/")
    assert rule.documentation.strip() in PAGES[f"{Path(place).name}.md"]
    assert Path("docs", place).parent == FOLDER.relative_to(ROOT)


def test_index_lists_every_rule_once_in_a_table_of_its_family() -> None:
    rows = re.findall(r"^\| (DET\d{3}) \| \[([a-z0-9-]+)\]\(\2\.md\) \|", PAGES[INDEX], re.M)
    assert rows == [(rule.code, rule.name) for rule in all_rules()]
    headings = re.findall(r"^## (DET\d)xx: .+$", PAGES[INDEX], re.M)
    assert headings == sorted({rule.code[:4] for rule in all_rules()})


def test_pages_do_not_depend_on_the_order_of_the_rules() -> None:
    assert documentation_pages(reversed(all_rules())) == PAGES


def test_explanation_starts_with_what_decides_whether_a_rule_matters() -> None:
    (rule,) = (rule for rule in all_rules() if rule.code == "DET902")
    assert explanation(rule.info).startswith(
        "# unused-suppression (DET902)\n\nDET902 · warning · off by default\n\n"
    )


def test_generator_writes_the_pages_and_deletes_left_over_ones(tmp_path: Path) -> None:
    script = tmp_path / "generate_rules.py"
    script.write_text((ROOT / "docs" / "generate_rules.py").read_text(encoding="utf-8"))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "no-such-rule.md").touch()
    runpy.run_path(str(script), run_name="__main__")
    written = {path.name: path.read_text("utf-8") for path in (tmp_path / "rules").iterdir()}
    assert written == PAGES
