"""What all tests share."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "pcaps"
SHARED_CAPTURES = ROOT.parent / "shared" / "captures"

# how long a test takes says more of the machine than of the project
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

needs_shared_captures = pytest.mark.skipif(
    not SHARED_CAPTURES.is_dir(), reason="the folder of real captures is not beside the checkout"
)


def pytest_configure() -> None:
    """Where modules were compiled in place, what is tested must be what their sources say."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as under nohup: programs would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for compiled in (ROOT / "netminedet").rglob("*.so"):
        source = compiled.parent / f"{compiled.name.partition('.')[0]}.py"
        if source.is_file() and source.stat().st_mtime > compiled.stat().st_mtime:
            raise pytest.UsageError(
                f"{source.relative_to(ROOT)} is newer than what was compiled of it; "
                "run: python setup.py build_ext --inplace"
            )


@pytest.fixture(scope="session", autouse=True)
def _cache_of_the_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests leave the user's own cache alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETMINEDET_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _english() -> Iterator[None]:
    """Tests do not depend on the locale of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LC_ALL", "C.UTF-8")
        yield


def shared_captures(kind: str) -> list[Path]:
    """The files of one folder of the real captures; none where the folder is missing."""
    return sorted(path for path in (SHARED_CAPTURES / kind).rglob("*") if path.is_file())
