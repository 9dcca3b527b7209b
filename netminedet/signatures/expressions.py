"""JMESPath for signature files: compiling and evaluating.

JMESPath is specified at https://jmespath.org/specification.html; ``functions`` lists what
is added to it.
"""

from __future__ import annotations

import marshal
from functools import partial

from msgspec.structs import replace

from netminedet.signatures.cache import Kept
from netminedet.signatures.translate import Evaluate, code_of, function_of


class Expression:
    """One compiled JMESPath expression; raises ValueError with one line of text if it is wrong.

    ``kept``: what was made of it before.
    """

    __slots__ = ("_evaluate", "kept")

    def __init__(self, text: str, kept: Kept | None = None) -> None:
        #: what can be made into this expression again
        self.kept = _compiled(text) if kept is None else kept
        self._evaluate = _function(self.kept)

    def value(self, message: object) -> object:
        """What the expression finds in the message; None where it finds nothing or fails.

        JMESPath fails on values of types that a function does not take: to a signature
        that is a message of another shape.  (JMESPathError is a ValueError.)
        """
        try:
            return self._evaluate(message)
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
            return None


def _compiled(text: str) -> Kept:
    from netminedet.signatures.interpreter import parse
    from netminedet.signatures.needed import needed_keys
    from netminedet.signatures.prefilter import member_types

    tree = parse(text)
    code = code_of(tree)
    result, error = member_types(tree, "result"), member_types(tree, "error")
    kept = Kept(result, error, needed_keys(tree))
    return replace(kept, tree=tree) if code is None else replace(kept, code=marshal.dumps(code))


def _function(kept: Kept) -> Evaluate:
    if kept.tree is None:
        return function_of(marshal.loads(kept.code))
    from netminedet.signatures.interpreter import interpreted

    return partial(interpreted, kept.tree)
