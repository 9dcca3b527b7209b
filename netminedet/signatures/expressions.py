"""JMESPath for signature files: compiling and evaluating.

JMESPath is specified at https://jmespath.org/specification.html; ``functions`` lists what
is added to it.
"""

from __future__ import annotations

from typing import Any

from netminedet.signatures.translate import function_of


class Expression:
    """One compiled JMESPath expression; raises ValueError with one line of text if it is wrong.

    ``tree``: its syntax tree, where it was parsed before.
    """

    __slots__ = ("_evaluate", "parsed")

    def __init__(self, text: str, tree: dict[str, Any] | None = None) -> None:
        if tree is None:
            from netminedet.signatures.interpreter import parse

            tree = parse(text)
        #: JMESPath's syntax tree
        self.parsed = tree
        self._evaluate = function_of(tree)

    def value(self, message: object) -> object:
        """What the expression finds in the message; None where it finds nothing or fails.

        JMESPath fails on values of types that a function does not take: to a signature
        that is a message of another shape.  (JMESPathError is a ValueError.)
        """
        try:
            return self._evaluate(message)
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
            return None
