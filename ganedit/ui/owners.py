"""Whose runs are whose: on a public page a run belongs to the browser that began it, elsewhere all are everybody's.

The browser keeps a random key, the runs keep its hash: who reads the folder of the runs cannot act for their owners.
"""

import hashlib
import secrets
from pathlib import Path

from ganedit.errors import BadRequestError
from ganedit.ui.run import Run, Wish
from ganedit.ui.runs import GONE, Runs

_KEY_BYTES, _SHORTEST_KEY, _LONGEST_KEY = 32, 32, 200


class OwnRuns:
    """The runs of one owner, as ``Runs``; those of others are not there."""

    def __init__(self, runs: Runs, owner: str, address: str | None = None) -> None:
        """Take all runs.

        Args:
            runs: they.
            owner: hash of the owner's key; empty for somebody who has none.
            address: that the owner calls from; None where it may be that of many.
        """
        self._runs, self._owner, self._address = runs, owner, address

    def all(self) -> list[Run]:
        """Give the owner's runs, the newest first."""
        return [run for run in self._runs.all() if self._owner and run.owner == self._owner]

    def get(self, name: str) -> Run | None:
        """Give one of them, None if there is none of that name."""
        return next((run for run in self.all() if run.name == name), None)

    def take_uploads(self, files: list[Path]) -> str:
        """Keep uploaded files as ``Runs.take_uploads`` does, if a run may begin now.

        Raises:
            BadRequestError: none may.
        """
        self._runs.check_room(self._owner, self._address)
        return self._runs.take_uploads(files)

    def start(self, wish: Wish) -> Run:
        """Begin a run, or let it wait.

        Raises:
            BadRequestError: too much waits already.
        """
        if not self._owner:
            raise BadRequestError("Reload the page before training; it did not say whose run this is.")
        return self._runs.start(wish, self._owner, self._address)

    def stop(self, name: str) -> None:
        """End a run; errors as of ``resume``."""
        self._runs.stop(self._own(name))

    def resume(self, name: str, kimg: float | None = None) -> None:
        """Let a run go on, until ``kimg`` if that is given.

        Raises:
            BadRequestError: there is no run of that name, it is that long already, or too much waits.
        """
        self._runs.resume(self._own(name), kimg, self._address)

    def remove(self, name: str) -> None:
        """Delete a run; errors as of ``Runs.remove``."""
        self._runs.remove(self._own(name))

    def publish(self, name: str) -> None:
        """Offer the newest snapshot to the owner; errors as of ``Runs.publish``."""
        self._runs.publish(self._own(name))

    def _own(self, name: str) -> str:
        if self.get(name) is None:
            raise BadRequestError(GONE)
        return name


class Owners:
    """Gives everybody the runs that are theirs."""

    def __init__(self, runs: Runs, *, apart: bool) -> None:
        """Take all runs.

        Args:
            runs: they.
            apart: strangers share the page, and see their own alone.
        """
        self._runs, self._apart = runs, apart

    def of(self, key: object, address: str | None = None) -> Runs | OwnRuns:
        """Give the runs of whoever holds a key, which comes from a browser and may be anything, and of an address."""
        if not self._apart:
            return self._runs
        return OwnRuns(self._runs, hashlib.sha256(str(key).encode()).hexdigest() if _is_key(key) else "", address)

    def key(self, key: object) -> str:
        """Give back a key that a browser holds, or the first one for it."""
        return str(key) if _is_key(key) or not self._apart else secrets.token_urlsafe(_KEY_BYTES)


def _is_key(key: object) -> bool:
    return isinstance(key, str) and _SHORTEST_KEY <= len(key) <= _LONGEST_KEY
