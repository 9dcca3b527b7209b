"""What is built installs and works: from a wheel, from an sdist, editable, with and without a C compiler.

Also the two speeds have one meaning: compiled and uncompiled kernels give the same report.
"""

from __future__ import annotations

import ast
import fcntl
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from netminedet import sieve
from tests.conftest import ROOT, SAMPLES

CAPTURES = sorted(SAMPLES.glob("*.pcap*"))
SAMPLE = SAMPLES / "mixed.pcapng"
SLOW_NOTE = "this scan runs slowly"

#: Runs the command as if Cython were not installed, whatever else is.
WITHOUT_CYTHON = "import sys; sys.modules['cython'] = None; from netminedet.__main__ import main; main()"
#: Where an installation has its signatures, whether it runs compiled, and whether Cython is there.
FACTS = """
from importlib.util import find_spec
from netminedet import sieve
from netminedet.signatures import signature_dir
print(signature_dir(), sieve.compiled(), find_spec("Cython") is not None, sep="\\n")
"""

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


def constant(name: str) -> list[str]:
    """A list of strings in setup.py, read without running it."""
    for node in ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")).body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id == name
        ):
            value: list[str] = ast.literal_eval(node.value)
            return value
    raise AssertionError(f"setup.py has no {name}")


def environment(**extra: str) -> dict[str, str]:
    """This process's, less what would lead Python elsewhere."""
    dropped = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "COLUMNS")
    return {name: value for name, value in os.environ.items() if name not in dropped} | extra


def run(*command: str | Path, cwd: Path, **extra: str) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment(**extra), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def scan_json(command: list[str], capture: Path, cwd: Path, **extra: str) -> tuple[str, str]:
    """The report that a command writes on a capture, and what it says on stderr."""
    done = subprocess.run(
        [*command, "scan", "--format", "json", str(capture)],
        cwd=cwd,
        env=environment(**extra),
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout, done.stderr


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Of several test processes, one at a time."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def copy_of_tree(target: Path) -> Path:
    """The source tree as a fresh checkout has it: nothing compiled."""
    ignored = shutil.ignore_patterns(
        ".git",
        ".venv*",
        "build",
        "dist",
        "*.egg-info",
        "*.so",
        "__pycache__",
        ".*_cache",
        ".hypothesis",
        "captures",
    )
    return shutil.copytree(ROOT, target, ignore=ignored)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel made from it: built once, for all test processes."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "packaging"
    done = shared / "dist"
    with only_one(shared):
        if not done.exists():
            tree = copy_of_tree(shared / "tree")
            made = shared / "made"
            run(sys.executable, "-m", "build", "--outdir", made, tree, cwd=shared)
            made.rename(done)
    return done


def new_environment(folder: Path) -> Path:
    """The ``bin`` of a fresh virtual environment."""
    run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    return folder / "bin"


def install(programs: Path, *what: str | Path, **extra: str) -> None:
    pip = (programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, *what, cwd=programs.parent, **extra)


def facts(programs: Path, cwd: Path) -> tuple[Path, bool, bool]:
    """Of an installation: the signatures' folder, whether it is compiled, whether it has Cython."""
    folder, compiled, cython = run(programs / "python", "-c", FACTS, cwd=cwd).splitlines()
    return Path(folder), compiled == "True", cython == "True"


def test_every_kernel_is_compiled() -> None:
    kernels = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "netminedet").rglob("*.py")
        if "\n    import cython\n" in path.read_text(encoding="utf-8")
    }
    assert kernels == set(constant("KERNELS"))


@pytest.mark.slow
def test_sdist_holds_all_that_tests_need(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "setup.py", ".ci/run"}
    for folder in ("netminedet", "signatures", "pcaps", "tests", "docs"):
        wanted |= {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*") if path.is_file()}
    ignored = ("__pycache__", ".so", "tests/bench/captures")
    assert {name for name in wanted - names if not any(part in name for part in ignored)} == set()
    assert [name for name in names if name.endswith((".c", ".so", ".pyc"))] == []


@pytest.mark.slow
def test_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    inside = {name for name in names if ".dist-info/" not in name}
    files = [path for path in (ROOT / "netminedet").rglob("*") if path.is_file()]
    # .pxd files are for the compiler
    wanted = {str(path.relative_to(ROOT)) for path in files if path.suffix not in (".so", ".pyc", ".pxd")}
    wanted |= {f"netminedet/signatures/data/{path.name}" for path in (ROOT / "signatures").iterdir()}
    assert {name for name in inside if not name.endswith(".so")} == wanted
    if shutil.which("cc"):
        compiled = {name.partition(".")[0].replace("/", ".") for name in inside if name.endswith(".so")}
        assert compiled == {*constant("KERNELS"), *constant("OFTEN_RUN")}


@pytest.mark.slow
@needs_compiler
def test_wheel_installs_and_works(built: Path, tmp_path: Path) -> None:
    programs = new_environment(tmp_path / "venv")
    install(programs, *built.glob("*.whl"))
    folder, compiled, cython = facts(programs, tmp_path)
    assert folder.is_relative_to(programs.parent)
    assert (compiled, cython) == (True, False)
    command = [str(programs / "netminedet")]
    report, notes = scan_json(command, SAMPLE, tmp_path)
    assert notes == ""
    assert report == scan_json([sys.executable, "-m", "netminedet"], SAMPLE, ROOT)[0]
    module = [str(programs / "python"), "-m", "netminedet"]
    assert scan_json(module, SAMPLE, tmp_path)[0] == report
    assert run(*command, "signatures", "check", cwd=tmp_path).startswith("all well: ")
    schema = (ROOT / "netminedet" / "report" / "schema.json").read_text(encoding="utf-8")
    assert run(*command, "schema", cwd=tmp_path) == schema


@pytest.mark.slow
@pytest.mark.parametrize("how", ["sdist", "editable"])
def test_without_a_compiler_it_works_slowly_and_says_so(how: str, built: Path, tmp_path: Path) -> None:
    programs = new_environment(tmp_path / "venv")
    no_compiler = {"PATH": str(programs), "CC": "/nonexistent/cc", "CXX": "/nonexistent/c++"}
    if how == "sdist":
        install(programs, *built.glob("*.tar.gz"), **no_compiler)
        home = programs.parent
    else:
        home = copy_of_tree(tmp_path / "tree")
        install(programs, "--editable", home, **no_compiler)
    folder, compiled, cython = facts(programs, tmp_path)
    assert folder.is_relative_to(home)
    assert (compiled, cython) == (False, False)
    command = [str(programs / "netminedet")]
    report, notes = scan_json(command, SAMPLE, tmp_path)
    assert notes.count(SLOW_NOTE) == 1
    assert notes.count("\n") == 1
    assert report == scan_json([sys.executable, "-m", "netminedet"], SAMPLE, ROOT)[0]
    done = subprocess.run([*command, "scan", "-q", str(SAMPLE)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.fixture(scope="session")
def uncompiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package as Python source only."""
    folder = tmp_path_factory.mktemp("uncompiled")
    ignored = shutil.ignore_patterns("*.so", "__pycache__")
    shutil.copytree(ROOT / "netminedet", folder / "netminedet", ignore=ignored)
    shutil.copytree(ROOT / "signatures", folder / "signatures")
    return folder


@pytest.mark.skipif(not sieve.compiled(), reason="the kernels are not compiled here")
@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
def test_uncompiled_kernels_give_the_same_report(capture: Path, uncompiled: Path, tmp_path: Path) -> None:
    slow = [sys.executable, "-c", WITHOUT_CYTHON]
    report, notes = scan_json(slow, capture, tmp_path, PYTHONPATH=str(uncompiled))
    assert SLOW_NOTE in notes
    compiled, notes = scan_json([sys.executable, "-m", "netminedet"], capture, ROOT)
    assert notes == ""
    assert report == compiled
