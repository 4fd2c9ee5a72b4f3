"""Pages in a real browser, where there is one."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")


def title_in_browser(page: str, script: str, folder: Path) -> str:
    """The title of ``page`` after ``script``, which sees what the page's own script declares.

    ``script`` may end later, in a promise or a timer: time passes quickly in the browser.
    """
    report = folder / "report.html"
    report.write_text(page.replace("</body>", f"<script>{script}</script></body>"), "utf-8")
    run = subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--virtual-time-budget=5000", "--window-size=1280,1000",
         f"--user-data-dir={folder / 'profile'}", "--dump-dom", report.as_uri()],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    match = re.search("<title>(.*?)</title>", run.stdout, re.DOTALL)
    assert match, run.stdout
    return html.unescape(match[1])
