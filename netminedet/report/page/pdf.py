"""Prints the page to PDF, with Chromium or WeasyPrint: whichever is installed, Chromium first.

Chromium gets a profile of its own that is thrown away, and opens no network connection of its own
accord.  The page is made without its script, which printing does not need.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from netminedet.errors import NetminedetError

#: Names under which Chromium and its kin are installed.
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
#: Names another browser of that family.
BROWSER_VARIABLE = "NETMINEDET_BROWSER"

#: A page of many thousand hosts takes minutes.
_PATIENCE_SECONDS = 1800

_SWITCHES = (
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-pdf-header-footer",
)


def check_printer() -> None:
    """Raises NetminedetError where there is nothing to print with."""
    if browser() is None and find_spec("weasyprint") is None:
        raise NetminedetError(
            "nothing is installed that prints PDF; install Chromium (apt-get install chromium), "
            f"name a browser of its kind in {BROWSER_VARIABLE}, or pip install weasyprint"
        )


def print_page(html: str) -> bytes:
    """The page as PDF; raises NetminedetError where it cannot be printed."""
    check_printer()
    found = browser()
    data = _by_weasyprint(html) if found is None else _by_browser(html, found)
    if not data.startswith(b"%PDF-"):
        raise NetminedetError("printing to PDF gave no PDF; write HTML instead, and print it from a browser")
    return data


def browser() -> str | None:
    """The path of a browser that prints."""
    named = os.environ.get(BROWSER_VARIABLE)
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def _by_browser(html: str, path: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="netminedet-", ignore_cleanup_errors=True) as folder:
        page, printed = Path(folder, "page.html"), Path(folder, "page.pdf")
        page.write_text(html, encoding="utf-8")
        command = [
            path, *_SWITCHES, *_without_sandbox(), f"--user-data-dir={folder}/profile",
            f"--print-to-pdf={printed}", page.as_uri(),
        ]  # fmt: skip
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NetminedetError(f"{path}: could not print to PDF ({error}); write HTML instead") from error
        if not printed.exists():
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            reason = said[-1] if said else f"exit code {done.returncode}"
            raise NetminedetError(f"{path}: could not print to PDF ({reason}); write HTML instead")
        return printed.read_bytes()


def _without_sandbox() -> list[str]:
    """Chromium's sandbox does not work for root."""
    return ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def _by_weasyprint(html: str) -> bytes:
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:  # too old, or without the libraries that it draws with
        raise NetminedetError(
            f"WeasyPrint cannot be used ({error}); pip install 'weasyprint>=68', or install Chromium"
        ) from error
    written: bytes = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=())).write_pdf()
    return written
