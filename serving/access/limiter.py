"""How often one may ask: fixed windows of a minute, counted in memory.

The windows are those of the library `limits`, on a storage of our own: its memory storage starts a
thread every few milliseconds under load and keeps time by the wall clock, so that a clock set back
would lock everybody out for as long. A server counts for itself.
"""

import math
import time
from collections.abc import Callable

from limits import RateLimitItemPerMinute
from limits.storage.base import Storage

MAX_WINDOWS = 50_000  # names are made by strangers: an address each


class Windows(Storage):
    """The counts of the running windows, bounded in number, by a clock that never jumps."""

    STORAGE_SCHEME = None  # no address leads here

    def __init__(
        self, timer: Callable[[], float] = time.monotonic, max_windows: int = MAX_WINDOWS
    ) -> None:
        """Nothing is counted yet."""
        super().__init__()
        self._timer = timer
        self._max_windows = max_windows
        self._windows: dict[str, list[float]] = {}  # count, end

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What a storage out of reach would raise: nothing here."""
        return ()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """The count of the window with this one, which opens it if none runs."""
        now = self._timer()
        window = self._windows.get(key)
        if window is None or window[1] <= now:
            if len(self._windows) >= self._max_windows:
                self._make_room(now)
            self._windows[key] = [amount, now + expiry]
            return amount
        window[0] += amount
        return int(window[0])

    def get(self, key: str) -> int:
        """The count of the window that runs, or 0."""
        window = self._windows.get(key)
        return int(window[0]) if window is not None and window[1] > self._timer() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, by the same clock."""
        window = self._windows.get(key)
        return self._timer() if window is None else window[1]

    def seconds_left(self, key: str) -> int:
        """Whole seconds until the window ends, at least one."""
        return max(math.ceil(self.get_expiry(key) - self._timer()), 1)

    def check(self) -> bool:
        """Whether the storage can be reached."""
        return True

    def reset(self) -> int | None:
        """Forget every window; gives how many there were."""
        count = len(self._windows)
        self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one window."""
        self._windows.pop(key, None)

    def _make_room(self, now: float) -> None:
        """Drop what has ended; if nothing has, the older half, whose windows end first."""
        running = {key: one for key, one in self._windows.items() if one[1] > now}
        if len(running) >= self._max_windows:
            running = dict(list(running.items())[len(running) // 2 :])
        self._windows = running


class Limit:
    """One rule: so many a minute for each name, such as a key or an address."""

    def __init__(self, name: str, per_minute: int | None, windows: Windows) -> None:
        """Count by this rule; without a number nobody is ever stopped."""
        self._item = RateLimitItemPerMinute(per_minute or 1)
        self._is_open = per_minute is None
        self._seconds = self._item.get_expiry()
        self._amount = self._item.amount
        self._windows = windows
        self._name, self._prefix = name, f"{name} "
        self.policy = f'"{name}";q={self._amount};w={self._seconds}'

    @property
    def is_open(self) -> bool:
        """Whether the rule stops nobody."""
        return self._is_open

    def hit(self, who: str) -> bool:
        """Count one request of this name; False if it is one too many."""
        if self._is_open:
            return True
        # As limits' FixedWindowRateLimiter.hit does, without building its key each time.
        return self._windows.incr(self._prefix + who, self._seconds) <= self._amount

    def is_spent(self, who: str) -> bool:
        """Whether the next request of this name would be one too many; counts nothing."""
        return not self._is_open and self._windows.get(self._prefix + who) >= self._amount

    def state(self, who: str) -> str:
        """What is left, as the header `RateLimit` says it."""
        key = self._prefix + who
        left = max(self._amount - self._windows.get(key), 0)
        return f'"{self._name}";r={left};t={self._windows.seconds_left(key)}'

    def seconds_left(self, who: str) -> int:
        """Whole seconds until the name may ask again."""
        return self._windows.seconds_left(self._prefix + who)


def network_of(address: str) -> str:
    """Whom an address stands for: itself, or its /64 where one sender has that many addresses.

    >>> network_of("192.0.2.7"), network_of("2001:db8:1:2:3:4:5:6"), network_of("::1")
    ('192.0.2.7', '2001:db8:1:2', '::1')
    """
    if ":" not in address or address.startswith("::"):
        return address
    head = address.partition("::")[0].split(":")
    return ":".join((head + ["0"] * 4)[:4])
