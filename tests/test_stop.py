"""Signals are remembered between steps; the second Ctrl-C acts at once."""

import signal
import threading

import pytest

from elegans.stop import Stop, Stopped


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_only_remembered(number: signal.Signals) -> None:
    with Stop() as stop:
        assert stop.signal is None
        signal.raise_signal(number)
        assert stop.signal == number


def test_a_second_ctrl_c_acts_at_once() -> None:
    with Stop() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.signal == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_after_sigterm_acts_at_once() -> None:
    with Stop():
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_second_sigterm_waits_like_the_first() -> None:
    with Stop() as stop:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert stop.signal == signal.SIGTERM


def test_afterwards_signals_do_what_they_did() -> None:
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background process may begin without
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Stop():
        assert signal.getsignal(signal.SIGINT) not in before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, usual)


def test_handlers_come_back_after_an_error_too() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(RuntimeError), Stop():
        raise RuntimeError
    assert signal.getsignal(signal.SIGTERM) is before


def test_elsewhere_than_in_the_main_thread_it_remembers_nothing() -> None:
    found: list[int | BaseException | None] = []

    def work() -> None:
        try:
            with Stop() as stop:
                found.append(stop.signal)
        except BaseException as error:
            found.append(error)

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [None]
    assert signal.getsignal(signal.SIGINT) is before


def test_the_exit_code_is_what_a_shell_expects() -> None:
    assert Stopped(signal.SIGINT, "").code == 130
    assert Stopped(signal.SIGTERM, "").code == 143
    assert str(Stopped(signal.SIGTERM, "stopped at step 3")) == "stopped at step 3"
