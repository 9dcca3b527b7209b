"""Renderers: pure functions of the report object.

Nothing here reads a capture, a clock or the network; the same report always gives
the same bytes.  Every string in a report may have been chosen by whoever sent the
traffic, so nothing is ever interpreted: see `text` for people and `document` for
programs.  An output format is one file in `formats/`.
"""
