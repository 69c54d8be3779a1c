"""What a request may hold: orders, and a model that learned from nothing else."""

import pytest

from features.source_settings import OrderColumns, VisitColumns, VisitsSource
from serving.api.problems import Problem
from serving.api.raw_orders import require_orders_only


def test_orders_alone_suffice_where_the_model_learned_from_them_alone(settings):
    require_orders_only(settings)


def test_a_model_that_learned_from_other_tables_gives_no_score_of_orders_alone(settings):
    columns = VisitColumns(customer_id="id", timestamp="at")
    visits = VisitsSource(path="visits.csv", format="csv", columns=columns)
    more = settings.sources.model_copy(update={"visits": visits})
    with pytest.raises(Problem) as refused:
        require_orders_only(settings.model_copy(update={"sources": more}))
    assert "also learned from visits" in str(refused.value.body())


def test_a_column_that_requests_lack_is_named(settings):
    columns = OrderColumns(customer_id="id", timestamp="at", amount="amount", cost="cost")
    orders = settings.sources.orders.model_copy(update={"columns": columns})
    more = settings.sources.model_copy(update={"orders": orders})
    with pytest.raises(Problem) as refused:
        require_orders_only(settings.model_copy(update={"sources": more}))
    assert "also learned from cost" in str(refused.value.body())
