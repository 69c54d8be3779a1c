"""The settings of the tables: roles are those of the contracts, a place is told in one way."""

import pytest
from pydantic import TypeAdapter, ValidationError

from features.schema import EVENT_TABLES
from features.source_settings import OrdersSource, Sources, TableColumns, TableSource, VisitsSource

EXTRA = {"arrived_at", "currency"}
ENDINGS = {"tickets": {"closed_at"}, "subscriptions": {"ended_on"}}
ORDERS = {"customer_id": "c", "timestamp": "t", "amount": "a"}


def columns_of(name: str) -> type[TableColumns]:
    [source] = [
        one for one in TableSource.__subclasses__() if one.__name__ == f"{name.title()}Source"
    ]
    return source.model_fields["columns"].annotation


@pytest.mark.parametrize("name", EVENT_TABLES)
def test_the_roles_of_a_table_are_those_of_its_contract(name):
    roles = {one.role or one.name for one in EVENT_TABLES[name].columns if one.reads}
    assert set(columns_of(name).model_fields) == roles | EXTRA | ENDINGS.get(name, set())


@pytest.mark.parametrize("name", EVENT_TABLES)
def test_what_the_contract_requires_the_settings_require(name):
    required = {
        one.role or one.name for one in EVENT_TABLES[name].columns if one.reads and one.required
    }
    needed = {role for role, one in columns_of(name).model_fields.items() if one.is_required()}
    may_be_left_out = {"market"} | ({"timestamp"} if name == "customers" else set())
    assert needed == required - may_be_left_out


def test_every_event_table_is_a_source():
    assert set(Sources.model_fields) == {*EVENT_TABLES, "rates"}


def test_the_columns_read_are_listed_once_without_values_for_all_rows():
    columns = columns_of("contacts")(
        customer_id="c", timestamp="t", kind="=offer", cost="n * each", campaign="n"
    )
    assert columns.names() == ["c", "t", "n", "each"]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"format": "csv"}, "needs path"),
        ({"format": "csv", "path": "a.csv", "url": "sqlite:///a.db"}, "no url"),
        ({"format": "database", "url": "sqlite:///a.db"}, "either table or query"),
        ({"format": "database", "url": "s", "table": "a", "query": "b"}, "either table or query"),
        ({"format": "database", "table": "a"}, "needs url"),
        ({"format": "csv", "path": "a.csv", "words": {"x": "Opt out"}}, "is no word"),
    ],
)
def test_a_place_that_cannot_be_is_refused(keys, said):
    with pytest.raises(ValidationError, match=said):
        OrdersSource.model_validate({"columns": ORDERS, **keys})


@pytest.mark.parametrize(
    ("name", "columns", "said"),
    [
        ("visits", {"customer_id": "=ada", "timestamp": "t"}, "must name a column"),
        ("visits", {"customer_id": "c", "timestamp": "t", "kind": "="}, "must name a column"),
        ("visits", {"customer_id": "c", "timestamp": "=2026-01-31"}, "must name a column"),
        ("tickets", {"customer_id": "c", "timestamp": "t", "score": "s"}, "needs closed_at"),
        ("customers", {"customer_id": "c"}, "or registered"),
        ("visits", {"customer_id": "c", "timestamp": "t", "knd": "k"}, "Extra inputs"),
    ],
)
def test_columns_that_cannot_be_are_refused(name, columns, said):
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(columns_of(name)).validate_python(columns)


@pytest.mark.parametrize(
    ("place", "title"),
    [
        ({"format": "csv", "path": "export/visits.csv"}, "visits.csv"),
        ({"format": "csv", "path": "s3://bucket/visits/"}, "visits"),
        ({"format": "database", "url": "postgresql://u:secret@h/d", "table": "web"}, "web"),
        ({"format": "database", "url": "sqlite://", "query": "SELECT 1"}, "the query"),
    ],
)
def test_a_source_is_called_by_its_file_or_table(place, title):
    columns = {"customer_id": "c", "timestamp": "t"}
    assert VisitsSource.model_validate({"columns": columns, **place}).title == title
