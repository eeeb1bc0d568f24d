"""A timeline of named phases, shown while it grows and kept as seconds."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MEGABYTE = 1_000_000


@dataclass(slots=True)
class Timeline:
    """Phases in the order they ran; seconds by name."""

    console: Console = field(default_factory=lambda: Console(stderr=False, highlight=False))
    phases: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    @contextmanager
    def phase(self, name: str, text: str) -> Iterator[None]:
        """Run the body as one phase and print what it took."""
        start = time.monotonic()
        self.console.print(f"[dim]{start - self.started:6.1f} s[/]  {text} ...")
        try:
            yield
        except BaseException:
            self.console.print(f"          [bold red]failed[/] after {time.monotonic() - start:.1f} s")
            raise
        finally:
            self.phases[name] = round(time.monotonic() - start, 2)
        self.console.print(f"          [green]done[/] in {self.phases[name]:.1f} s")

    def say(self, text: str) -> None:
        """One line of what was seen."""
        self.console.print(f"          {text}")

    def follow(self, looks: Iterable[dict[str, Any]]) -> dict[str, Any]:
        """Show a clone's progress live; returns its last state."""
        clone: dict[str, Any] = {}
        columns = (
            TextColumn("          {task.description:<10}"),
            BarColumn(bar_width=32),
            TaskProgressColumn(),
            TextColumn("{task.fields[bytes]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console, transient=not self.console.is_terminal) as bar:
            task = bar.add_task("waiting", total=100, bytes="")
            phase = ""
            for clone in looks:
                progress = clone.get("progress") or {}
                amount = f"{progress.get('bytes_done', 0) / MEGABYTE:.0f} MB"
                now = progress.get("phase") or clone["state"].lower()
                bar.update(task, completed=progress.get("percent", 0), description=now, bytes=amount)
                if now != phase and not self.console.is_terminal:
                    self.say(f"{now}, {progress.get('percent', 0)} %, {amount}")
                phase = now
        return clone

    def table(self) -> None:
        """The timeline as a whole, widest phase as the scale."""
        self.console.print("\n[bold]Timeline[/]")
        longest = max(self.phases.values(), default=1.0) or 1.0
        for name, seconds in self.phases.items():
            bar = "█" * max(1, round(40 * seconds / longest))
            self.console.print(f"  {name:<22}{seconds:7.1f} s  [cyan]{bar}[/]")
