"""The case file of one suspect: all that an inspector needs, and a manifest that shows any change."""

from netminedet.casefile.build import make_case
from netminedet.casefile.case import CaseOptions
from netminedet.casefile.verify import verify_case

__all__ = ["CaseOptions", "make_case", "verify_case"]
