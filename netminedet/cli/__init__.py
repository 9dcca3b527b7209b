"""The command line: each command parses its options, calls the API and renders.

Everything heavy is imported inside the commands, so that ``netminedet --help`` stays
quick.  `main` says what the exit codes mean.
"""

from __future__ import annotations

from netminedet.cli.main import entry_point

__all__ = ["entry_point"]
