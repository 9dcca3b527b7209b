"""Reads a page back with the standard library's HTML parser, which shares nothing with what made it."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

VOID = {"meta", "input", "br", "hr", "img", "link"}


class Node:
    """An element, or the text between elements (tag "")."""

    def __init__(self, tag: str, attributes: dict[str, str | None], parent: Node | None) -> None:
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.children: list[Node] = []
        self.data = ""

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def text(self) -> str:
        """All text within, with blanks as a reader sees them."""
        return " ".join("".join(node.data for node in self.walk()).split())

    def all(self, tag: str, **attributes: str) -> list[Node]:
        """The elements of a tag; ``class_`` and others must be among the attribute's words."""
        return [
            node
            for node in self.walk()
            if node.tag == tag
            and all(
                value in (node.attributes.get(name.rstrip("_")) or "").split()
                for name, value in attributes.items()
            )
        ]

    def one(self, tag: str, **attributes: str) -> Node:
        (found,) = self.all(tag, **attributes)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self._at = Node("", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs), self._at)
        assert len(node.attributes) == len(attrs), f"<{tag}> has an attribute twice"
        self._at.children.append(node)
        if tag not in VOID:
            self._at = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._at.children.append(Node(tag, dict(attrs), self._at))

    def handle_endtag(self, tag: str) -> None:
        assert self._at.tag == tag, f"</{tag}> ends <{self._at.tag}>"
        assert self._at.parent is not None
        self._at = self._at.parent

    def handle_data(self, data: str) -> None:
        node = Node("", {}, self._at)
        node.data = data
        self._at.children.append(node)


def read(html: str) -> Node:
    """The page's tree; fails where an element is not closed, or closed by another."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader._at is reader.root, f"<{reader._at.tag}> is not closed"
    return reader.root
