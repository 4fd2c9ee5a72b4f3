from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings

from tests.report.reports import REPORTS, checked, finding, replacing, report_on, unparseable
from tests.schemas import SARIF, validator
from torchdet.findings.registry import all_rules
from torchdet.model.diagnostic import Confidence, FileReport
from torchdet.model.fix import Applicability
from torchdet.report import render
from torchdet.report.options import RenderOptions

SOURCE = "model = Net()\nmodel.cuda()\n"
WITH_RULES = RenderOptions(rules=tuple(rule.info for rule in all_rules()))
# Section 2 of https://www.rfc-editor.org/rfc/rfc3986; the schema's formats need a package more.
URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-F]{2})+")


def sarif(*reports: FileReport, options: RenderOptions = WITH_RULES) -> dict[str, Any]:
    document = json.loads(render("sarif", reports, options))
    validator(SARIF).validate(document)
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


def test_the_schema_refuses_what_is_wrong() -> None:
    document = json.loads(render("sarif", [checked("")]))
    document["runs"][0]["columnKind"] = "bytes"
    assert not validator(SARIF).is_valid(document)


@settings(deadline=None)
@given(REPORTS)
def test_any_report_is_valid(reports: list[FileReport]) -> None:
    run = sarif(*reports, options=RenderOptions())
    uris = re.findall(r'"uri": "([^"]*)"', json.dumps(run))
    assert all(URI_REFERENCE.fullmatch(uri) for uri in uris)
    found = [d for report in reports for d in report.findings]
    assert len(run["results"]) == len(found)


def test_result_of_a_finding() -> None:
    (result,) = sarif(checked("import torch\n\ntorch.set_default_dtype(torch.float64)\n"))[
        "results"
    ]
    assert result.pop("message")["text"].startswith("`torch.set_default_dtype` changes")
    assert re.fullmatch(r"[0-9a-f]{32}", result.pop("partialFingerprints")["torchdet/v1"])
    assert WITH_RULES.rules[result.pop("ruleIndex")].code == "DET202"
    assert result == {
        "ruleId": "DET202",
        "level": "warning",
        "properties": {"confidence": "certain"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "train.py", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 3, "startColumn": 1, "endLine": 3, "endColumn": 24},
                }
            }
        ],
    }


def test_confidence_is_a_property() -> None:
    likely = finding(SOURCE, "cuda", confidence=Confidence.LIKELY)
    (result,) = sarif(report_on(SOURCE, likely))["results"]
    assert result["properties"] == {"confidence": "likely"}


def test_functions_and_classes_are_logical_locations() -> None:
    source = "import torch\n\ndef train():\n    torch.set_default_dtype(torch.float64)\n"
    (result,) = sarif(checked(source))["results"]
    assert result["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "train"}]


def test_columns_count_characters() -> None:
    source = "import torch\n'\N{GRINNING FACE}'; torch.set_default_dtype(torch.float64)\n"
    run = sarif(checked(source))
    assert run["columnKind"] == "unicodeCodePoints"
    assert "\r" in run["newlineSequences"]  # Python's lines end at a lone one, too
    (result,) = run["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["startColumn"] == 6


def test_rules_are_described() -> None:
    driver = sarif(checked(""))["tool"]["driver"]
    assert [rule["id"] for rule in driver["rules"]] == [rule.code for rule in all_rules()]
    described = next(rule for rule in driver["rules"] if rule["id"] == "DET902")
    assert described["name"] == "unused-suppression"
    assert described["defaultConfiguration"] == {"enabled": False, "level": "warning"}
    assert "## Why is this bad?" in described["help"]["markdown"]


@pytest.mark.parametrize("applicability", [Applicability.SAFE, Applicability.UNSAFE])
def test_a_fix_is_a_set_of_replacements(applicability: Applicability) -> None:
    pairs = (("Net()", "Net().eval()"), (".cuda()", ".to(device)"))
    fix = replacing(SOURCE, *pairs, applicability=applicability)
    (result,) = sarif(report_on(SOURCE, finding(SOURCE, "cuda", fix=fix)))["results"]
    (rendered,) = result["fixes"]
    assert rendered["properties"] == {"applicability": applicability.value}
    (change,) = rendered["artifactChanges"]
    assert [each["insertedContent"]["text"] for each in change["replacements"]] == [
        "Net().eval()",
        ".to(device)",
    ]
    assert change["replacements"][1]["deletedRegion"] == {
        "startLine": 2,
        "startColumn": 6,
        "endLine": 2,
        "endColumn": 13,
    }


def test_a_suggestion_is_not_offered_as_a_fix() -> None:
    fix = replacing(SOURCE, (".cuda()", ".to(device)"), applicability=Applicability.DISPLAY)
    (result,) = sarif(report_on(SOURCE, finding(SOURCE, "cuda", fix=fix)))["results"]
    assert "fixes" not in result


def test_a_file_that_could_not_be_checked_fails_the_invocation() -> None:
    run = sarif(unparseable("src/broken.py"), checked(""))
    assert run["results"] == []
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["descriptor"] == {"id": "DET901"}
    assert notification["level"] == "error"
    place = notification["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == "src/broken.py"


def test_a_clean_run_was_successful() -> None:
    assert sarif(checked(""))["invocations"] == [{"executionSuccessful": True}]


@pytest.mark.parametrize(
    ("path", "artifact"),
    [
        ("./src/my model.py", {"uri": "src/my%20model.py", "uriBaseId": "%SRCROOT%"}),
        ("a:b.py", {"uri": "a%3Ab.py", "uriBaseId": "%SRCROOT%"}),
        ("../train.py", {"uri": "../train.py"}),
        ("/srv/train.py", {"uri": "file:///srv/train.py"}),
        ("caf\udce9.py", {"uri": "caf%E9.py", "uriBaseId": "%SRCROOT%"}),
    ],
)
def test_paths_become_uris(path: str, artifact: dict[str, str]) -> None:
    report = report_on(SOURCE, finding(SOURCE, "cuda"), path=path)
    (result,) = sarif(report)["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == artifact


def test_bytes_of_a_file_name_survive() -> None:
    report = report_on(SOURCE, finding(SOURCE, "cuda"), path="\udcff\udcfe/中.py")
    (result,) = sarif(report)["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote_to_bytes(uri) == b"\xff\xfe/" + "中.py".encode()
