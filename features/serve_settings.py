"""How the server treats those who ask: keys, limits, what it logs of them."""

from typing import Literal

from pydantic import Field

from features.settings_parts import Part


class ServeSettings(Part):
    """The server: who needs a key, how often one may ask, how much of it is logged."""

    keys: Literal["loopback", "required"] = Field(
        default="loopback",
        description="loopback: this machine needs none until the first is made; required: all do",
    )
    key_requests_per_minute: int | None = Field(
        default=6_000, ge=1, description="of one key; null for any number"
    )
    address_requests_per_minute: int | None = Field(
        default=12_000, ge=1, description="of one network address; null for any number"
    )
    refusals_per_minute: int | None = Field(
        default=120, ge=1, description="wrong keys from one address; null for any number"
    )
    in_flight: int = Field(
        default=256, ge=1, description="requests answered at once; more are told to come back"
    )
    log_share: float = Field(
        default=1.0, ge=0, le=1, description="share of the requests logged; failures always are"
    )
