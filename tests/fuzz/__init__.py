"""Fuzzing: hostile bytes for everything that reads bytes.  ``python -m tests.fuzz --help``."""
