"""A matplotlib figure as inline SVG that follows the page: its theme, its fonts, its rules for content.

matplotlib never sees a word that came from outside: a chart writes a key where a word belongs, and the
word takes its place here, as a text of the XML tree.  So no string is measured, read as a formula or
missing from a font, and none can become markup.  Colours of ``COLOURS`` get a class beside them, by which
the page's style sheet gives them their dark forms; styles become attributes, which its
content security policy allows.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: What the charts are drawn with, by the names that the style sheet gives them; the light theme's colours.
COLOURS = {
    "ink": "#1c2430",
    "muted": "#586371",
    "rule": "#d5dae1",
    "paper": "#ffffff",
    "accent": "#2b5c8a",
    "soft": "#a9c1d9",
    "confirmed": "#a8232f",
    "probable": "#9a6300",
    "suspected": "#4d6b86",
}

_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "netminedet",
    "text.parse_math": False,
    "path.simplify": False,
}
_NAMES = {colour: name for name, colour in COLOURS.items()}
#: Style properties that SVG knows as attributes; the font is the page's.
_KEPT = {
    "fill",
    "fill-opacity",
    "font-weight",
    "opacity",
    "stroke",
    "stroke-dasharray",
    "stroke-linecap",
    "stroke-opacity",
    "stroke-width",
    "text-anchor",
}
_FONT_SIZE = re.compile(r"([\d.]+)px")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
#: Attributes that name other nodes by their ids.
_REFERRING = {"clip-path", "href"}
_REFERENCE = re.compile(r"#([\w.-]+)")


class Words:
    """The words of a chart, and the keys that stand for them while it is drawn."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def key(self, text: str) -> str:
        """A key to draw in the place of ``text``."""
        self._texts.append(text)
        return f"[{len(self._texts) - 1}]"

    def word(self, drawn: str) -> str:
        """The text that a key stands for; of anything else, itself."""
        number = drawn[1:-1]
        return self._texts[int(number)] if drawn[:1] == "[" and number.isdigit() else drawn


def svg_of(figure: Figure, name: str, words: Words, about: tuple[str, str]) -> str:
    """The figure as an ``<svg>`` element; ``name`` is unique on the page, ``about`` a title and a sentence.

    The same figure gives the same text.
    """
    import matplotlib

    stream = io.BytesIO()
    with matplotlib.rc_context(_SETTINGS):
        figure.savefig(stream, format="svg", metadata={"Date": None}, transparent=True)
    root = ElementTree.fromstring(stream.getvalue())
    used = {
        found for node in root.iter() for value in node.attrib.values() for found in _REFERENCE.findall(value)
    }
    for node in root.iter():
        _plain(node, name, used)
        if node.tag == "text":
            node.text = words.word((node.text or "").strip())
    _drop(root, {"metadata", "style"})
    _head(root, name, about)
    return ElementTree.tostring(root, encoding="unicode")


def _plain(node: ElementTree.Element, name: str, used: set[str]) -> None:
    """A node without namespaces, styles, and ids that nothing refers to."""
    node.tag = node.tag.rpartition("}")[2]
    attributes = {key.rpartition("}")[2]: value for key, value in node.attrib.items()}
    own = attributes.pop("id", "")
    attributes.update(_attributes(attributes.pop("style", "")))
    attributes = {key: _short(value) for key, value in attributes.items()}
    for key in _REFERRING & attributes.keys():
        attributes[key] = _REFERENCE.sub(rf"#{name}-\1", attributes[key])
    if own in used:
        attributes["id"] = f"{name}-{own}"
    if node.tag == "text" and attributes.get("transform", "").startswith("rotate(-0 "):
        del attributes["transform"]
    node.attrib.clear()
    node.attrib.update(attributes)
    node.tail = None
    if node.text is not None and not node.text.strip():
        node.text = None


def _attributes(style: str) -> dict[str, str]:
    """A style as attributes, with the classes of its colours."""
    found: dict[str, str] = {}
    classes = []
    for part in style.split(";"):
        key, _, value = (piece.strip() for piece in part.partition(":"))
        if key in ("font", "font-size") and (size := _FONT_SIZE.search(value)):
            found["font-size"] = size[1]
        elif key in _KEPT:
            found[key] = value
        if key in ("fill", "stroke") and value in _NAMES:
            classes.append(f"{key}-{_NAMES[value]}")
    return found | ({"class": " ".join(classes)} if classes else {})


def _short(value: str) -> str:
    """Numbers to two decimals, and no line breaks."""
    return _LONG_NUMBER.sub(lambda number: f"{float(number[0]):.2f}", " ".join(value.split()))


def _drop(root: ElementTree.Element, tags: set[str]) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in tags or (child.tag in ("defs", "g") and not len(child)):
                parent.remove(child)


def _head(root: ElementTree.Element, name: str, about: tuple[str, str]) -> None:
    """What tells browsers and screen readers of the chart."""
    size = root.attrib["viewBox"]
    width, height = size.split()[2:]
    root.attrib.clear()
    root.attrib.update({
        "class": "chart", "viewBox": size, "width": width, "height": height, "role": "img",
        "aria-labelledby": f"{name}-title {name}-about",
    })  # fmt: skip
    for tag, text in zip(("desc", "title"), reversed(about), strict=True):
        node = ElementTree.Element(tag, {"id": f"{name}-{'title' if tag == 'title' else 'about'}"})
        node.text = text
        root.insert(0, node)
