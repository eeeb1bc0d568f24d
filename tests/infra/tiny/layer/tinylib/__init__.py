"""Code that comes through a layer."""

import os


def environment() -> dict[str, str]:
    """All variables of this process."""
    return dict(os.environ)
