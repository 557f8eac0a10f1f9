"""A real headless Chromium (Debian's `chromium` and `chromium-driver`) and a real report to open in it.

`npm ci --prefix tests/browser` brings axe-core. A missing browser or axe-core is a failure, never a skip.
Screenshots go to $REKSCAN_SCREENSHOTS, or to a folder of the test run.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

from reports.views.report import build_report
from tests.browser.gallery_job import Drawn, draw_job

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1360,900",
)


class Browser:
    """A page opened from disk, with what it logged and asked for."""

    def __init__(self, profile: Path, shots: Path) -> None:
        options = ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self._shots = shots

    def open(
        self, page: Path, anchor: str = "", *, ready: str = "document.getElementById('shown').textContent"
    ) -> None:
        """Open a page and wait until its script has run; `ready` is a JavaScript expression that then holds."""
        self.driver.get("about:blank")  # so that a new anchor is a new page, too
        self.driver.get(page.as_uri() + anchor)
        if ready:
            self.until(ready)

    def run(self, script: str, *values: Any) -> Any:
        return self.driver.execute_script(script, *values)

    def errors(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """URLs the page asked for since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]

    def until(self, condition: str, *values: Any) -> None:
        """Wait until a JavaScript expression holds; fails after ten seconds."""
        WebDriverWait(self.driver, 10, poll_frequency=0.05).until(lambda _: self.run(f"return {condition}", *values))

    def media(self, **features: str) -> None:
        """Emulate `prefers_color_scheme="dark"` and the like; `type="print"` for paper."""
        kind = features.pop("type", "")
        features = {"prefers_reduced_motion": "reduce", **features}  # nothing moves while it is measured
        asked = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": kind, "features": asked})

    def scripting(self, on: bool) -> None:
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not on})

    def shoot(self, name: str) -> Path:
        """Keep a screenshot for whoever builds the page to look at."""
        self._shots.mkdir(parents=True, exist_ok=True)
        path = self._shots / f"{name}.png"
        self.driver.save_screenshot(str(path))
        return path


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    shots = os.environ.get("REKSCAN_SCREENSHOTS")
    where = Path(shots) if shots else tmp_path_factory.mktemp("screenshots")
    browser = Browser(tmp_path_factory.mktemp("chromium"), where)
    yield browser
    browser.driver.quit()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    chromium.errors()
    chromium.requests()
    chromium.media()
    yield chromium
    chromium.scripting(True)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """A job of drawn pictures with hostile names, and its report."""
    made = draw_job(tmp_path_factory.mktemp("drawn"))
    build_report(made.folder)
    return made
