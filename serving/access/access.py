"""Everything of access that one process holds, opened when it is first asked for."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property

from sqlalchemy import URL

from features.settings import Settings
from serving.access.admission import Admission
from serving.access.gate import Gate
from serving.access.key_store import KeyStore
from serving.access.pepper import Pepper
from serving.access.replies import Replies
from serving.database import address_of


class Access:
    """Keys, limits and kept answers, over the settings of a business."""

    def __init__(
        self,
        read_settings: Callable[[], Settings],
        clock: Callable[[], datetime],
        address: str | URL | None = None,
    ) -> None:
        """Without an address, the database is that of the scores."""
        self._read_settings = read_settings
        self._clock = clock
        self._address = address

    @cached_property
    def settings(self) -> Settings:
        """The settings of the business."""
        return self._read_settings()

    @cached_property
    def address(self) -> str | URL:
        """Where keys and answers are kept."""
        return self._address or address_of(self.settings)

    @cached_property
    def admission(self) -> Admission:
        """Who may pass; its gate has to be loaded before it is asked about keys."""
        pepper = Pepper(self.settings.workspace)
        gate = Gate(KeyStore(self.address), pepper.read, self._clock)
        return Admission(gate, self.settings.serve)

    @cached_property
    def replies(self) -> Replies:
        """The answers to writes, kept for whoever repeats one. Raises SettingsError."""
        return Replies(self.address, Pepper(self.settings.workspace).made(), self._clock)

    def close(self) -> None:
        """Stop watching and give the connections back."""
        if "admission" in self.__dict__:
            self.admission.gate.close()
        if "replies" in self.__dict__:
            self.replies.close()
