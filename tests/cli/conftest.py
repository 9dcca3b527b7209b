"""The command line, with the scan itself stubbed or real."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import stub_api

import netminedet
import netminedet.sieve


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Let the commands call the stub; its CALLS are empty at first."""
    monkeypatch.setitem(sys.modules, "netminedet.api", stub_api)
    monkeypatch.setattr(netminedet, "api", stub_api, raising=False)
    monkeypatch.setattr(netminedet.sieve, "compiled", lambda: True)
    monkeypatch.setattr(stub_api, "FAILURE", None)
    stub_api.CALLS.clear()
    return stub_api
