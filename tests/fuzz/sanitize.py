"""Fuzzes the compiled kernels as built with sanitizers: ``python -m tests.fuzz.sanitize --seconds N``.

Copies the package into a scratch folder, compiles the kernels there with gcc's address and
undefined-behaviour sanitizers, and runs the byte-mutating loop on the copy.  A slip that the
bounds checks do not see (arithmetic that overflows, a shift too far, memory used after it was
given back) ends the process with a report.  Needs gcc, libasan and Cython.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from tests.fuzz.corpus import ROOT
from tests.fuzz.coverage import copy_of_package

_SANITIZERS = "address,undefined"
_FLAGS = ["-O1", "-g", "-fno-omit-frame-pointer", f"-fsanitize={_SANITIZERS}", "-fno-sanitize-recover=all"]
#: Targets in which kernels run; the others are Python alone.
_TARGETS = ("capture", "fragments", "kernels", "scan")


def build(tree: Path) -> None:
    """Compile the kernels of a copy of the package in their place."""
    script = (
        "import runpy, setuptools, sys\n"
        "setuptools.setup = lambda **_: None\n"
        "setup = runpy.run_path('setup.py')\n"
        "from setuptools import Distribution\n"
        "extensions = setup['kernels']()\n"
        "for extension in extensions:\n"
        f"    extension.extra_compile_args = {_FLAGS!r}\n"
        f"    extension.extra_link_args = ['-fsanitize={_SANITIZERS}']\n"
        "    extension.optional = False\n"
        "command = Distribution({'ext_modules': extensions}).get_command_obj('build_ext')\n"
        "command.inplace = True\n"
        "command.ensure_finalized()\n"
        "command.run()\n"
    )
    # Without what setup.py adds for a release.
    environment = {**os.environ, "PYTHONPATH": str(tree), "CFLAGS": "-O1"}
    (tree / "setup.py").write_bytes((ROOT / "setup.py").read_bytes())
    subprocess.run([sys.executable, "-c", script], cwd=tree, env=environment, check=True, capture_output=True)


def library(name: str) -> str:
    """Where gcc has one of its libraries."""
    compiler = (sysconfig.get_config_var("CC") or "gcc").split()[0]
    found = subprocess.run([compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    return found.stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.sanitize", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--seconds", type=float, default=120.0, help="of fuzzing in all (default 120)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--finds", type=Path, default=Path("build/fuzz"), help="where failing inputs are kept"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="netminedet-sanitize-") as scratch:
        tree = copy_of_package(Path(scratch) / "tree")
        build(tree)
        environment = {
            **os.environ,
            "PYTHONPATH": str(tree),
            "PYTHONMALLOC": "malloc",
            "LD_PRELOAD": f"{library('libasan.so')}:{library('libubsan.so')}",
            # Python gives much back only when it ends: that is no leak.
            "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:allocator_may_return_null=1",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        }
        failed = 0
        for name in _TARGETS:
            share = str(options.seconds / len(_TARGETS))
            command = [
                sys.executable,
                "-m",
                "tests.fuzz",
                name,
                "--seconds",
                share,
                "--seed",
                str(options.seed),
            ]
            command += ["--finds", str(options.finds.resolve()), "--memory", "8192"]
            failed += subprocess.run(command, cwd=tree, env=environment, check=False).returncode != 0
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
