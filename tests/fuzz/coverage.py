"""Fuzzing led by code coverage: atheris (libFuzzer) over the package as Python source.

What is compiled is not seen by it, so the package is copied without it; the copy is what
runs.  Each target is a process of its own, as libFuzzer ends the one that it runs in.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.corpus import ROOT
from tests.fuzz.targets import TARGETS

#: Targets that compare with the uncompiled kernels: here all is uncompiled, so there is nothing to compare.
_PLAIN = {"sieve": "kernels"}

#: Bytes of the longest input.
_LONGEST = 8192

_CHILD = """
import sys
import atheris
with atheris.instrument_imports(include=["netminedet"]):
    from tests.fuzz import targets
target = targets.TARGETS[sys.argv[1]]
def one(data):
    target.run(data)
atheris.Setup(sys.argv[2:], one, enable_python_coverage=True)
atheris.Fuzz()
"""


def lead(name: str, seconds: float, seed: int, finds: Path) -> int:
    """Fuzz the target, or all; 1 where something was found, 2 without atheris."""
    try:
        import atheris  # noqa: F401
    except ImportError:
        print("--coverage needs the package atheris: pip install atheris", file=sys.stderr)
        return 2
    names = [one for one in TARGETS if one not in _PLAIN] if name == "all" else [_PLAIN.get(name, name)]
    finds.mkdir(parents=True, exist_ok=True)
    found = 0
    with tempfile.TemporaryDirectory(prefix="netminedet-fuzz-") as scratch:
        tree = copy_of_package(Path(scratch) / "tree")
        print(f"{'target':14} {'runs':>9} {'covered':>8} {'finds':>6}")
        for one in names:
            corpus = Path(scratch) / one
            corpus.mkdir()
            for number, seed_bytes in enumerate(TARGETS[one].seeds()):
                (corpus / f"{number:06}").write_bytes(seed_bytes[:_LONGEST])
            done = _run(one, corpus, tree, seconds / len(names), seed, finds)
            runs = re.findall(r"^#(\d+)\s", done.stderr, re.MULTILINE)
            covered = re.findall(r"cov: (\d+)", done.stderr)
            found += done.returncode != 0
            print(f"{one:14} {(runs or ['0'])[-1]:>9} {(covered or ['0'])[-1]:>8} {done.returncode != 0:6}")
            if done.returncode:
                print(done.stdout[-3000:], done.stderr[-3000:], file=sys.stderr)
    return int(found > 0)


def copy_of_package(folder: Path) -> Path:
    """The package, its signatures, samples and this folder, without anything compiled."""
    ignored = shutil.ignore_patterns("*.so", "__pycache__")
    for part in ("netminedet", "signatures", "tests", "pcaps"):
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    return folder


def _run(
    name: str, corpus: Path, tree: Path, seconds: float, seed: int, finds: Path
) -> subprocess.CompletedProcess[str]:
    options = [
        f"-max_total_time={max(1, round(seconds))}",
        f"-seed={seed + 1}",
        f"-max_len={_LONGEST}",
        "-timeout=60",
        "-rss_limit_mb=2048",
        f"-artifact_prefix={finds.resolve()}/{name}-",
    ]
    return subprocess.run(
        [sys.executable, "-c", _CHILD, name, name, *options, str(corpus)],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
