"""Source sites for demo, tests and trials: WordPress with the export plugin, inside the lab."""

from lab.source.cli import main

__all__ = ["main"]
