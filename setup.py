"""Build step: compile the kernels with Cython where a C compiler is at hand.

The kernels are plain Python files, so a failed or skipped compilation leaves a
working, slower package.
"""

from setuptools import Extension, setup

KERNELS = [
    "netminedet.capture.records",
    "netminedet.sieve.decode",
    "netminedet.sieve.flows",
    "netminedet.sieve.names",
    "netminedet.sieve.text",
]


def kernels() -> list[Extension]:
    """The kernels as optional extension modules; none where Cython is missing."""
    try:
        from Cython.Build import cythonize
    except ImportError:
        return []
    extensions = [
        Extension(name, [name.replace(".", "/") + ".py"], extra_compile_args=["-O3"], optional=True)
        for name in KERNELS
    ]
    directives = {
        "language_level": 3,
        "boundscheck": True,
        "wraparound": False,
        "initializedcheck": False,
        "cdivision": True,
    }
    return cythonize(extensions, compiler_directives=directives, build_dir="build/cython")


setup(ext_modules=kernels())
