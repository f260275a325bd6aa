"""How many questions a client may ask in a time."""
import threading
import time

PER_SECOND = 30   # in the long run; the page asks at most as it is answered
AT_ONCE = 60      # after a silence
MOST_CLIENTS = 1000  # that are remembered


class Rate:
    """A bucket for each client, which fills again; safe to call from threads.

    Args:
        per_second (float): Questions a second in the long run.
        at_once (int): Questions at once after a silence, at least 1.
        clock (callable): Seconds.
    """

    def __init__(self, per_second=PER_SECOND, at_once=AT_ONCE,
                 clock=time.monotonic):
        self._per_second, self._at_once = per_second, at_once
        self._clock, self._lock = clock, threading.Lock()
        self._left = {}  # client -> (questions, when); the latest come last

    def allows(self, client):
        """Whether a client may ask now; if so, that is counted.

        Args:
            client (str): Its address.

        Returns:
            bool: False where it asked too often.
        """
        with self._lock:
            now = self._clock()
            left, then = self._left.pop(client, (self._at_once, now))
            left = min(self._at_once, left + (now - then) * self._per_second)
            allowed = left >= 1
            self._left[client] = left - allowed, now
            if len(self._left) > MOST_CLIENTS:
                del self._left[next(iter(self._left))]
            return allowed
