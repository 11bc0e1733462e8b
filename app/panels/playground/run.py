"""One prompt on its way through the gateway, followed in a thread while the page draws what is known so far."""

from __future__ import annotations

import threading
import time

from app.dashboard.gateway_client import Gateway, Question
from app.dashboard.gateway_error import GatewayError
from app.panels.playground import state as playground_state
from app.panels.playground.state import PlaygroundState


class Run:
    """A run begins when it is made, and ends by itself, by `stop`, or with an error that its state tells."""

    def __init__(self, gateway: Gateway, question: Question) -> None:
        self.question = question
        self.state = PlaygroundState()
        """Replaced, never changed: the page may keep what it took."""
        self._gateway = gateway
        self._stopping = threading.Event()
        self._began = time.monotonic()
        self._ended: float | None = None
        self._thread = threading.Thread(target=self._follow, name="playground-run", daemon=True)
        self._thread.start()

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since it was sent, as this process sees it; stands still when the run is over."""
        return ((self._ended or time.monotonic()) - self._began) * 1000

    @property
    def over_for_s(self) -> float:
        """Seconds since it was over; 0 while it runs."""
        return 0.0 if self._ended is None else time.monotonic() - self._ended

    def stop(self) -> None:
        """Hang up: the gateway cancels the branch that runs and keeps the decision as cancelled."""
        self._stopping.set()
        self.wait(2.0)

    def wait(self, timeout_s: float) -> bool:
        """Wait until it is over; False when it is not."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _follow(self) -> None:
        try:
            with self._gateway.events(self.question) as stream:
                for event in stream:
                    if event is not None:
                        self.state = playground_state.advance(self.state, event)
                    if self._stopping.is_set():
                        break
            ended = playground_state.stop if self._stopping.is_set() else playground_state.finish
            self.state = ended(self.state)
        except GatewayError as error:
            self.state = playground_state.break_off(self.state, str(error))
        finally:
            self._ended = time.monotonic()


def conversation(run: Run) -> tuple[tuple[str, str], ...]:
    """All that was said up to a run's answer, as turns to go on from; while there is none, what was said before it."""
    if run.state.answer is None:
        return run.question.turns
    return (*run.question.turns, ("user", run.question.prompt), ("assistant", run.state.answer.text))
