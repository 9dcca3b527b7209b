"""Build step: compile what runs often with Cython where a C compiler is at hand.

They are plain Python files, so a failed or skipped compilation leaves a working, slower
package.  Which data files belong to the package stands in setup.cfg,
everything else about it in pyproject.toml.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext

KERNELS = [
    "netminedet.capture.blocks",
    "netminedet.capture.records",
    "netminedet.capture.resync",
    "netminedet.sieve.budget",
    "netminedet.sieve.datagrams",
    "netminedet.sieve.deal",
    "netminedet.sieve.decode",
    "netminedet.sieve.directions",
    "netminedet.sieve.dns_names",
    "netminedet.sieve.early",
    "netminedet.sieve.flagged",
    "netminedet.sieve.flows",
    "netminedet.sieve.found",
    "netminedet.sieve.fragments",
    "netminedet.sieve.gate",
    "netminedet.sieve.handshakes",
    "netminedet.sieve.layers",
    "netminedet.sieve.links",
    "netminedet.sieve.listed",
    "netminedet.sieve.masked",
    "netminedet.sieve.moves",
    "netminedet.sieve.names",
    "netminedet.sieve.openings",
    "netminedet.sieve.over_ip",
    "netminedet.sieve.over_udp",
    "netminedet.sieve.request_names",
    "netminedet.sieve.sample",
    "netminedet.sieve.shapes",
    "netminedet.sieve.stash",
    "netminedet.sieve.tags",
    "netminedet.sieve.text",
    "netminedet.sieve.tls_names",
    "netminedet.sieve.walk",
    "netminedet.sieve.wireless",
]

#: Ordinary modules that run for each segment of a flagged flow: compiled as they are, a fifth faster.
OFTEN_RUN = [
    "netminedet.naming",
    "netminedet.pipeline",
    "netminedet.protocols.conversation",
    "netminedet.protocols.interpreter",
    "netminedet.protocols.framing",
    "netminedet.protocols.http",
    "netminedet.protocols.http_framing",
    "netminedet.protocols.jsonlines",
    "netminedet.protocols.measure",
    "netminedet.protocols.stream",
    "netminedet.protocols.websocket",
    "netminedet.signatures.expressions",
    "netminedet.signatures.functions",
    "netminedet.signatures.logins",
    "netminedet.signatures.matcher",
    "netminedet.signatures.text",
    "netminedet.verdict.findings",
    "netminedet.verdict.flowfinding",
]

#: Of the kernels.  Bounds checks stay on: a slip in a parser is then an IndexError, not damaged memory.
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": True,
    "wraparound": False,
    "initializedcheck": False,
    "cdivision": True,
}

#: For gcc and clang: fast code, without debugging data, which would be five parts in six of a kernel.
OPTIONS = ["-O3", "-g0"]


class BuildKernels(build_ext):
    """Compiles the kernels side by side, with options where the compiler knows them."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def build_extensions(self) -> None:
        if self.compiler.compiler_type in ("unix", "mingw32"):
            for extension in self.extensions:
                extension.extra_compile_args = [*extension.extra_compile_args, *OPTIONS]
        super().build_extensions()


def kernels() -> list[Extension]:
    """All of these as optional extension modules; none where Cython is missing."""
    try:
        from Cython.Build import cythonize
    except ImportError:
        return []
    found = [
        *_translated(cythonize, KERNELS, DIRECTIVES),
        # their annotations are hints for people and mypy, and change nothing, as in Python
        *_translated(cythonize, OFTEN_RUN, {"language_level": 3, "annotation_typing": False}),
    ]
    for extension in found:
        extension.optional = True  # cythonize forgets it where Extension is given it
    return found


def _translated(
    cythonize: Callable[..., list[Extension]], names: list[str], directives: dict[str, object]
) -> list[Extension]:
    modules = [Extension(name, [name.replace(".", "/") + ".py"]) for name in names]
    return cythonize(modules, compiler_directives=directives, build_dir="build/cython")


setup(
    packages=[*find_packages(include=["netminedet", "netminedet.*"]), "netminedet.signatures.data"],
    ext_modules=kernels(),
    cmdclass={"build_ext": BuildKernels},
)
