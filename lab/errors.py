"""What can go wrong with the lab, in words for the person at the terminal."""

from __future__ import annotations


class LabError(Exception):
    """The lab cannot do it; the message says why and what to do."""
