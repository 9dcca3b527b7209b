"""``python -m netminedet``, and the command ``netminedet``: the same."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # `typing` takes a while, in which Ctrl-C would not be heard
if TYPE_CHECKING:
    from typing import NoReturn

#: As ``cli.main`` has it, which is not imported yet where this is needed.
_INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line; Ctrl-C ends quietly while its modules are still being imported, too."""
    try:
        from netminedet.cli.main import entry_point

        entry_point()
    except KeyboardInterrupt:
        if sys.stderr is not None:
            sys.stderr.write("netminedet: error: interrupted\n")
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
