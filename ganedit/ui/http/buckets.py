"""Token buckets: how much of something one client may use in a time."""

import time
from collections.abc import Callable


class TokenBuckets:
    """One bucket of tokens a client, refilled evenly.

    Not thread-safe; it lives on the server's event loop.
    """

    MAX_CLIENTS = 10_000

    def __init__(self, size: float, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with every bucket full.

        Args:
            size: tokens of a full bucket, which is also the largest burst.
            seconds: time in which an empty bucket fills up.
            clock: gives seconds; replaced in tests.
        """
        self._size = float(size)
        self._per_second = size / seconds
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}

    def wait_seconds(self, client: str, cost: float = 1.0) -> float:
        """Give the seconds until ``cost`` tokens are there, 0.0 if they are; more than a full bucket counts as that."""
        return max(0.0, min(cost, self._size) - self._level(client)) / self._per_second

    def take(self, client: str, cost: float = 1.0) -> float:
        """Take ``cost`` tokens.

        Returns:
            0.0 if they were there, else the seconds until they will be; nothing is taken then.
        """
        if client not in self._levels and len(self._levels) >= self.MAX_CLIENTS:
            self._forget_some()
        wait_seconds = self.wait_seconds(client, cost)
        if not wait_seconds:
            self._levels[client] = (self._level(client) - min(cost, self._size), self._clock())
        return wait_seconds

    def give_back(self, client: str, cost: float = 1.0) -> None:
        """Put tokens back that were taken for nothing."""
        self._levels[client] = (min(self._size, self._level(client) + cost), self._clock())

    def _level(self, client: str) -> float:
        level, since = self._levels.get(client, (self._size, 0.0))
        return min(self._size, level + (self._clock() - since) * self._per_second)

    def _forget_some(self) -> None:
        """Drop the fuller half, so that whoever used most is remembered, however many clients are invented."""
        emptiest = sorted(self._levels, key=self._level)[: self.MAX_CLIENTS // 2]
        self._levels = {client: self._levels[client] for client in emptiest}
