"""Ctrl-C and SIGTERM stop between steps, never inside one."""

import signal
import threading
from types import FrameType, TracebackType


class Stopped(KeyboardInterrupt):
    """Training was stopped by a signal after everything was saved; `code` is the exit status a shell expects."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.code = 128 + number


class Stop:
    """While it is open, the first signal is only remembered; a second Ctrl-C acts at once, as usual.

    Outside the main thread, where Python allows no signal handlers, it remembers nothing.

    Args:
        patient: only remember the second Ctrl-C, too: torchrun passes on the one that the terminal sent already.
    """

    def __init__(self, patient: bool = False) -> None:
        self.signal: int | None = None
        self.patient = patient
        self._before: dict[int, object] = {}

    def _remember(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None and number == signal.SIGINT and not self.patient:
            raise KeyboardInterrupt
        self.signal = number

    def __enter__(self) -> "Stop":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._remember)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]
