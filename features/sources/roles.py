"""Which column of a sample plays which role, by name first and by values where names are silent."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from features.sources.chunks import Kind
from features.sources.column_names import (
    LINE_OR_UNIT_PRICE,
    columns_named,
    columns_partly_named,
    plain_name,
)
from features.sources.samples import MOST, filled, number_share, time_guess, whole_share

NEEDED = ("customer_id", "timestamp", "amount")
OPTIONAL = ("order_id", "quantity", "product", "currency", "market")

_COMMON_SHARE = 0.9
_FEW_VALUES = 500


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a file, column by column, as text."""

    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    columns: tuple[list[str], ...]

    def is_time(self, at: int) -> bool:
        """Whether the column holds times; a number may be one, but is hardly meant so."""
        if self.kinds[at] == "number":
            return False
        return self.kinds[at] == "moment" or time_guess(self.columns[at][:_FEW_VALUES]) is not None

    def is_numeric(self, at: int) -> bool:
        """Whether the column holds numbers, in whatever notation."""
        return number_share(self.columns[at]) >= MOST

    def repeats(self, at: int) -> bool:
        """Whether the values look like ids that come back: many, each a few times, no decimals."""
        texts = filled(self.columns[at])
        counts = Counter(texts)
        many = len(counts) > max(1, len(texts) * 0.01)
        is_decimal = self.is_numeric(at) and whole_share(texts) < _COMMON_SHARE
        return many and len(counts) < len(texts) * _COMMON_SHARE and not is_decimal

    def positions(self) -> range:
        """All positions."""
        return range(len(self.names))


@dataclass(slots=True)
class RoleGuesser:
    """The search for roles; doubts collect as it goes. `given` names are taken as they are."""

    sample: Sample
    given: Mapping[str, str]
    doubts: list[str] = field(default_factory=list)

    def roles(self) -> dict[str, str | None]:
        """The column of each role, None where none was found."""
        found = {
            "customer_id": self.given.get("customer_id") or self._customer_id(),
            "timestamp": self.given.get("timestamp") or self._timestamp(),
            "amount": self.given.get("amount") or self._amount(),
        }
        for role in OPTIONAL:
            found[role] = self.given.get(role) or self._optional(role)
        return found

    def _customer_id(self) -> str | None:
        at = self._named("customer_id", self.sample.positions())
        if at is None:
            others = self._claimed("order_id", "product", "quantity")
            repeating = [
                at
                for at in self.sample.positions()
                if self.sample.repeats(at) and at not in others and not self.sample.is_time(at)
            ]
            at = self._only("customer_id", repeating)
        return self._name(at)

    def _timestamp(self) -> str | None:
        times = [at for at in self.sample.positions() if self.sample.is_time(at)]
        at = self._named("timestamp", times)
        return self._name(self._only("timestamp", times) if at is None else at)

    def _amount(self) -> str | None:
        numeric = [at for at in self.sample.positions() if self.sample.is_numeric(at)]
        at = self._exactly("amount", numeric)
        if at is not None:
            self._warn_of_order_total(at)
            return self._name(at)
        price, quantity = self._exactly("unit_price", numeric), self._exactly("quantity", numeric)
        if price is not None and quantity is not None:
            return self._product(quantity, price)
        if price is not None:
            return self._name(price)
        at = self._named("amount", numeric)
        if at is None:
            decimal = [
                at
                for at in numeric
                if whole_share(self.sample.columns[at]) < _COMMON_SHARE
                and not self.sample.is_time(at)
            ]
            at = self._only("amount", decimal)
        return self._name(at)

    def _product(self, quantity: int, price: int) -> str:
        names = self.sample.names
        product = f"{names[quantity]}*{names[price]}"
        if plain_name(names[price]) in LINE_OR_UNIT_PRICE:
            self.doubts.append(
                f"The amount was taken as {product}; if {names[price]!r} is already the total of "
                f"the row, use --columns amount={names[price]}."
            )
        return product

    def _optional(self, role: str) -> str | None:
        taken = {self.given.get(key) for key in NEEDED}
        allowed = [at for at in self.sample.positions() if self.sample.names[at] not in taken]
        if role == "quantity":
            allowed = [at for at in allowed if whole_share(self.sample.columns[at]) >= MOST]
        return self._name(self._exactly(role, allowed))

    def _exactly(self, role: str, allowed: Sequence[int]) -> int | None:
        return next((at for at in columns_named(role, self.sample.names) if at in allowed), None)

    def _named(self, role: str, allowed: Sequence[int]) -> int | None:
        """The column named so; told as doubtful if others are, or if only a part of it is."""
        names = self.sample.names
        exact = [at for at in columns_named(role, names) if at in allowed]
        found = exact or [at for at in columns_partly_named(role, names) if at in allowed]
        if not found:
            return None
        others = ", ".join(names[at] for at in found[1:])
        if others or not exact:
            instead = f"; it could also be {others}" if others else ""
            self.doubts.append(
                f"{names[found[0]]!r} was taken as {role}{instead}; "
                f"change it with --columns {role}=NAME."
            )
        return found[0]

    def _only(self, role: str, candidates: Sequence[int]) -> int | None:
        """The single candidate by its values, told as doubtful; None if there are several."""
        if len(candidates) != 1:
            return None
        self.doubts.append(
            f"{self._name(candidates[0])!r} was taken as {role} by its values alone; "
            f"if it is another, use --columns {role}=NAME."
        )
        return candidates[0]

    def _claimed(self, *roles: str) -> set[int]:
        return {at for role in roles for at in columns_named(role, self.sample.names)[:1]}

    def _name(self, at: int | None) -> str | None:
        return None if at is None else self.sample.names[at]

    def _warn_of_order_total(self, amount: int) -> None:
        """Say it if lines of one order all show the same amount: it may be the order's total."""
        order = self._exactly("order_id", self.sample.positions())
        if order is None:
            return
        amounts = defaultdict(list)
        columns = self.sample.columns
        for order_id, value in zip(columns[order], columns[amount], strict=True):
            amounts[order_id].append(value)
        several = [lines for lines in amounts.values() if len(lines) > 1]
        same_count = sum(len(set(lines)) == 1 for lines in several)
        if several and same_count >= _COMMON_SHARE * len(several):
            self.doubts.append(
                f"Rows of one order all show the same {self._name(amount)!r}; if that is the "
                "total of the order and not of the row, it would be counted more than once."
            )
