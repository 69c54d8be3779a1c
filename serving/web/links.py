"""Addresses of the page, always relative to the host, below the path that the app is mounted at."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True)
class Links:
    """Builds addresses; `root` is the path in front of them, without a slash at the end."""

    root: str = ""

    def overview(self, anchor: str = "") -> str:
        """The first page."""
        return f"{self.root}/{anchor and '#' + anchor}"

    def customers(self, filters: Sequence[tuple[str, str]] = ()) -> str:
        """The list of customers at risk, filtered."""
        query = urlencode(list(filters))
        return f"{self.root}/customers{query and '?' + query}"

    def customer(self, customer_id: str) -> str:
        """One customer; whatever is in the id stays inside its part of the path.

        >>> Links().customer("a/b?<c>")
        '/customers/a%2Fb%3F%3Cc%3E'
        """
        return f"{self.root}/customers/{quote(customer_id, safe='')}"

    def definitions(self, anchor: str = "") -> str:
        """What every number means."""
        return f"{self.root}/definitions{anchor and '#' + anchor}"

    def static(self, name: str) -> str:
        """A file of the static folder."""
        return f"{self.root}/static/{name}"
