"""The JSON Schema of the report document, shipped with the package."""

from __future__ import annotations

from pathlib import Path


def schema_text() -> str:
    """The schema (JSON Schema, draft 2020-12) of the document that ``--format json`` writes."""
    return Path(__file__).with_name("schema.json").read_text(encoding="utf-8")
