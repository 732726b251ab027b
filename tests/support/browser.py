"""A page in Debian's Chromium, with Playwright."""

import contextlib
import shutil
import urllib.parse

import pytest


@contextlib.contextmanager
def opened(url, **settings):
    """Yields a page at a URL, and fails if it logs an error or asks another host than the URL's.

    The test is skipped without Playwright or Chromium.

    Args:
        url: The address.
        **settings: As for Playwright's `new_page`.
    """
    api = pytest.importorskip("playwright.sync_api", reason="needs `pip install playwright`")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs the program chromium: `apt-get install chromium`")
    errors, requests = [], []
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(**settings)
        page.on("console", lambda message: message.type == "error" and errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(url)
        yield page
        browser.close()
    assert not errors
    hosts = {urllib.parse.urlsplit(url).hostname for url in requests if url.startswith("http")}
    assert hosts == {urllib.parse.urlsplit(url).hostname}
