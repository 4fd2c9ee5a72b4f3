"""The ``html`` format: its data, that text stays text, and what a browser makes of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import cast

from hypothesis import given

from tests.browser import needs_browser, title_in_browser
from tests.report.reports import REPORTS, checked, unparseable
from torchdet.model.consequence import Consequence
from torchdet.model.diagnostic import FileReport, Severity
from torchdet.report import render
from torchdet.report.options import RenderOptions

SOURCE = "import torch\n\ntorch.set_default_dtype(torch.float64)\n"
HOSTILE = "</script><script>document.title='owned'</script><!-- <img src=x onerror=owned()>.py"


def data_of(page: str) -> dict[str, object]:
    found = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert len(found) == 1
    return cast("dict[str, object]", json.loads(found[0]))


def entries_of(page: str) -> list[dict[str, object]]:
    return cast("list[dict[str, object]]", data_of(page)["entries"])


def many(number: int) -> list[FileReport]:
    """As many findings in folders of folders, each with its source; every fourth in a test."""
    report = checked(SOURCE)
    folders = ("models", "models/heads", "data", "tests")
    return [
        replace(report, path=f"src/{folders[each % 4]}/part_{each % 50}/file_{each}.py")
        for each in range(number)
    ]


@given(REPORTS)
def test_the_findings_are_those_of_the_json_format(reports: list[FileReport]) -> None:
    entries = entries_of(render("html", reports))
    assert [each["finding"] for each in entries] == json.loads(render("json", reports))


@given(REPORTS)
def test_no_text_ends_its_element(reports: list[FileReport]) -> None:
    paths = [replace(each, path=HOSTILE + each.path) for each in reports]
    page = render("html", paths)
    assert (page.count("<script"), page.count("</script"), page.count("<!--")) == (2, 2, 0)


def test_the_page_loads_nothing() -> None:
    page = render("html", many(3))
    assert "default-src 'none'" in page
    assert re.findall(r"(?:\bsrc|\burl|@import)\s*[=(]", page) == []


def test_findings_have_their_consequence_their_source_and_their_fix() -> None:
    report = checked(SOURCE)
    code = report.diagnostics[0].code
    options = RenderOptions(consequences={code: Consequence.STOPS}, tests=frozenset({report.path}))
    found, failed = entries_of(render("html", [report, unparseable()], options))
    assert found["consequence"] == "Stops in deterministic mode"
    assert failed["consequence"] == "Could not be checked"
    assert (found["test"], failed["test"]) == (True, False)
    assert [3, "torch.set_default_dtype(torch.float64)"] in cast("list[object]", found["source"])


def test_imports_are_folded_where_no_policy_is_chosen() -> None:
    report = checked(SOURCE)
    imported = replace(report.diagnostics[0], name="raw-import", severity=Severity.INFO)
    report = replace(report, diagnostics=(imported,))
    folded = render("html", [report], RenderOptions(undecided=frozenset({report.path})))
    assert [each["consequence"] for each in entries_of(folded)] == ["Raw imports of torch"]
    assert "no policy chosen yet: torchdet init" in folded
    decided = entries_of(render("html", [report]))
    assert [each["consequence"] for each in decided] == ["A matter of choice"]


def test_ten_thousand_findings_stay_small() -> None:
    """About what the JSON format takes, with the source on top."""
    reports = many(10_000)
    assert len(render("html", reports)) < 2 * len(render("json", reports))


READ = """
const seen = [];
const note = (...each) => seen.push(each.join(","));
const rows = () => document.querySelectorAll("#list details").length;
const press = (target, key) =>
  target.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
const pause = (time) => new Promise((done) => setTimeout(done, time));
"""


@needs_browser
def test_a_browser_makes_rows_of_what_is_looked_at(tmp_path: Path) -> None:
    reports = [*many(10_000), unparseable()]
    tests = frozenset(each.path for each in reports if "/tests/" in each.path)
    script = (
        READ
        + """(async () => {
  note("all", at.status.textContent, rows() < 1000, at.map.querySelectorAll("button").length);
  at.filter.value = "heads FILE_1.py";
  at.filter.dispatchEvent(new Event("input"));
  await pause(500);
  note("filter", at.status.textContent, rows());
  document.querySelector("#list details").open = true;
  await pause(100);
  const shown = document.querySelector("#list pre").textContent;
  note("source", shown.includes("torch.set_default_dtype"), shown.includes("^^^"));
  at.reset.click();
  at.tests.checked = false;
  at.controls.dispatchEvent(new Event("change"));
  note("no tests", at.status.textContent);
  at.consequences.querySelector("button").click();
  note("consequence", at.status.textContent);
  document.title = seen.join("|");
})()"""
    )
    page = render("html", reports, RenderOptions(tests=tests))
    assert title_in_browser(page, script, tmp_path).split("|") == [
        "all,10,001 findings in 10,001 files, of 10,001,true,2",
        "filter,1 finding in 1 file, of 10,001,1",
        "source,true,true",
        "no tests,7,501 findings in 7,501 files, of 10,001",
        "consequence,7,500 findings in 7,500 files, of 10,001",
    ]


@needs_browser
def test_a_browser_obeys_keys(tmp_path: Path) -> None:
    script = (
        READ
        + """(async () => {
  press(document.body, "/");
  note("slash", document.activeElement.id);
  press(at.filter, "j");
  note("typed", document.activeElement.id);
  press(at.filter, "Escape");
  press(document.body, "j");
  press(document.activeElement, "j");
  const summaries = [...document.querySelectorAll("#list summary")];
  note("j", summaries.indexOf(document.activeElement));
  press(document.activeElement, "k");
  note("k", summaries.indexOf(document.activeElement));
  const tiles = [...at.map.querySelectorAll("button")];
  tiles[0].focus();
  press(tiles[0], "ArrowRight");
  note("arrow", tiles.indexOf(document.activeElement));
  document.activeElement.click();
  note("entered", at.crumbs.innerText.replace(/\\s+/g, ""), at.status.textContent,
    at.map.contains(document.activeElement));
  press(document.activeElement, "Backspace");
  note("left", at.crumbs.innerText.replace(/\\s+/g, ""));
  document.title = seen.join("|");
})()"""
    )
    title = title_in_browser(render("html", many(40)), script, tmp_path)
    assert title.split("|") == [
        "slash,filter", "typed,filter", "j,1", "k,0", "arrow,1",
        "entered,src/data,10 findings in 10 files, of 40,true", "left,src",
    ]  # fmt: skip


@needs_browser
def test_hostile_text_stays_text_in_a_browser(tmp_path: Path) -> None:
    hostile = HOSTILE.replace("/", "\N{DIVISION SLASH}") + "\u202e\x1b[31m"
    report = checked(SOURCE.replace("\n\n", f"\n# {HOSTILE}\n"), path=f"{HOSTILE}/{hostile}")
    found = replace(report.diagnostics[0], message=HOSTILE, code=HOSTILE)
    reports = [replace(report, diagnostics=(found,)), unparseable(f"{hostile}.py")]
    script = (
        READ
        + """(async () => {
  document.querySelectorAll("#list details").forEach((each) => { each.open = true; });
  await pause(100);
  note(document.title.includes("owned"), document.querySelectorAll("img").length,
    document.querySelectorAll("script").length, rows(),
    /[\\u202e\\x1b]/.test(document.body.innerText), at.list.textContent.includes("<script>"));
  document.title = seen.join("|");
})()"""
    )
    assert title_in_browser(render("html", reports), script, tmp_path) == "false,0,3,2,false,true"


@needs_browser
def test_a_page_without_findings_says_so_and_no_more(tmp_path: Path) -> None:
    page = render("html", [FileReport("a.py")])
    script = "document.title = document.querySelector('main').innerText.trim()"
    assert title_in_browser(page, script, tmp_path) == "No findings in 1 file"


@needs_browser
def test_a_map_offers_what_lies_in_a_folder_by_its_number_of_findings(tmp_path: Path) -> None:
    names = ["a/x/1.py", "a/x/2.py", "a/y.py", "b/z.py", *(f"c/{n}.py" for n in range(60))]
    reports = [replace(checked(SOURCE), path=name) for name in names]
    script = (
        READ
        + """
const told = (each) => each.getAttribute("aria-label").split(",")[0];
const tiles = () => [...at.map.children].map(told);
note(tiles().join(" "));
const [c, a] = at.map.children;
const area = (each) => each.offsetWidth * each.offsetHeight;
note(Math.round(area(c) / area(a)));
c.click();
note(tiles().length, tiles().at(-1));
at.crumbs.querySelector("button").click();
at.map.children[1].click();
note(tiles().join(" "));
document.title = seen.join("|");
"""
    )
    seen = title_in_browser(render("html", reports), script, tmp_path).split("|")
    assert seen == [
        "c/: 60 findings a/: 3 findings b/: 1 finding", "20", "40,21 others: 21 findings",
        "x/: 2 findings y.py: 1 finding",
    ]  # fmt: skip
