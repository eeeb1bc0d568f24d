"""The main job from end to end, told as a timeline: `python -m lab demo`."""

from lab.demo.story import main

__all__ = ["main"]
