"""Progress lines."""

import io
import threading

import pytest

from lab.steps import Steps


class Screen(io.StringIO):
    """Says when a line with a word has come."""

    def __init__(self, word):
        super().__init__()
        self.word, self.seen = word, threading.Event()

    def write(self, text):
        written = super().write(text)
        if self.word in text:
            self.seen.set()
        return written


def test_a_step_is_told_with_its_seconds():
    screen = io.StringIO()
    with Steps(screen).step("certificates"):
        pass

    assert screen.getvalue().split()[1:] == ["s", "certificates"]


def test_a_failed_step_is_told_as_failed():
    screen = io.StringIO()
    with pytest.raises(ValueError, match="why"), Steps(screen).step("certificates"):
        raise ValueError("why")

    assert screen.getvalue().split() == ["failed", "certificates"]


def test_a_long_step_gives_signs_of_life():
    screen = Screen("so far")
    with Steps(screen, heartbeat_seconds=0.01).step("build"):
        assert screen.seen.wait(10)
