"""The SQL of a business's own measures: parsed once, and refused where engines would differ.

A condition or an amount is the one place where somebody writes SQL. It must mean the same to DuckDB
and to Spark, so both readings of it must be equal, over columns of the table, with operators and
functions of a short list: no sub-query, no clock, no chance, no division (features divide).
"""

from collections.abc import Iterable

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

from features.contracts import Table
from features.declarations import Measure
from features.schema import EVENT_TABLES
from features.tiles import build_tiles

DIALECTS = ("duckdb", "spark")
FUNCTIONS = (
    *("COUNT", "SUM", "MAX", "BIT_OR"),
    *("COALESCE", "NULLIF", "ABS", "LOWER", "UPPER"),
)
_COMPARES = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In)
_ALLOWED: tuple[type[exp.Expr], ...] = (
    *(exp.Count, exp.Sum, exp.Max, exp.BitwiseOrAgg, exp.Distinct, exp.Star),
    *(exp.Coalesce, exp.Nullif, exp.Abs, exp.Lower, exp.Upper, exp.Case, exp.If),
    *(exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren),
    *(*_COMPARES, exp.Is, exp.Between, exp.Like),
    *(exp.And, exp.Or, exp.Not, exp.Neg, exp.Add, exp.Sub, exp.Mul),
)
_NOT_TO_ASK = ("customer_id", "occurred_at", "day", "known_from", "known_to", "event_id")


def sql_problem(measure: Measure) -> str | None:
    """What is wrong with a measure's SQL, in one sentence; None if every engine can run it."""
    table = EVENT_TABLES[measure.table]
    for sql in filter(None, (measure.sql, measure.otherwise)):
        if problem := _problem(sql, table):
            return problem
    return (
        _key_problem(measure, table)
        or needs_problem(measure.needs)
        or _unsaid_problem(measure, table)
        or _engine_problem(measure, table)
    )


def needs_problem(needs: Iterable[str]) -> str | None:
    """What is wrong with the tables and columns that a declaration needs, in one sentence."""
    for need in sorted(needs):
        name, _, column = need.partition(".")
        table = EVENT_TABLES.get(name)
        optional = [one.name for one in table.columns if not one.required] if table else []
        if table is None:
            return f"needs names {need}, but there is no table {name}"
        if column and column not in optional:
            return f"needs names {need}; what {name} may lack is: {', '.join(optional)}"
    return None


def words_of(measure: Measure) -> dict[str, set[str]]:
    """The words that a measure compares columns with, by `table.column`."""
    found: dict[str, set[str]] = {}
    for node in sqlglot.parse_one(measure.sql, read=DIALECTS[0]).find_all(*_COMPARES):
        words = {one.name for one in node.find_all(exp.Literal) if one.is_string}
        for column in node.find_all(exp.Column):
            found.setdefault(f"{measure.table}.{column.name}", set()).update(words)
    return found


def _problem(sql: str, table: Table) -> str | None:
    try:
        readings = [sqlglot.parse(sql, read=dialect) for dialect in DIALECTS]
    except sqlglot.errors.SqlglotError:
        return f"{sql!r} cannot be read as SQL; look at its brackets, quotes and words"
    tree = readings[0][0]
    if len(readings[0]) != 1 or tree is None:
        return f"the SQL {sql!r} is not one expression"
    for node in tree.walk():
        if problem := _node_problem(node, table):
            return f"{problem}, in {sql!r}"
    if readings[0] != readings[1]:
        return f"DuckDB and Spark read {sql!r} differently; write words in single quotes"
    return None


def _node_problem(node: exp.Expr, table: Table) -> str | None:
    if problem := _word_problem(node):
        return problem
    if isinstance(node, exp.Column):
        return _column_problem(node, table)
    if isinstance(node, exp.If | exp.Not | exp.And | exp.Or):
        return _condition_problem(node, table)
    if isinstance(node, _COMPARES):
        return _compared_problem(node, table)
    return None


def _word_problem(node: exp.Expr) -> str | None:
    if node.comments:
        return "SQL here has no comments"
    if not isinstance(node, _ALLOWED):
        # A function that the parser does not know is Anonymous, and has a name.
        name = node.name if isinstance(node, exp.Anonymous) else type(node).__name__.lower()
        return f"{name} is not allowed; there are comparisons, + - *, and {', '.join(FUNCTIONS)}"
    if isinstance(node, exp.Literal) and not node.is_string and not node.name.isdigit():
        return f"{node.name} is no whole number, and engines round others differently"
    return None


def _column_problem(column: exp.Column, table: Table) -> str | None:
    if column.table or column.name not in _kinds(table):
        known = [one.name for one in table.columns if one.name not in _NOT_TO_ASK]
        return f"{table.name} has no column {column.sql()} to ask; there are {', '.join(known)}"
    return None


def _condition_problem(node: exp.Expr, table: Table) -> str | None:
    """A text or a number where a condition should be: engines make one of it in their own way."""
    operands = [node.this] if isinstance(node, exp.If | exp.Not) else [node.this, node.expression]
    for one in operands:
        if isinstance(one, exp.Literal) or (
            isinstance(one, exp.Column) and _kinds(table).get(one.name, "flag") != "flag"
        ):
            return f"{one.sql()} is no condition; compare it with something"
    return None


def _compared_problem(node: exp.Expr, table: Table) -> str | None:
    """A number compared with a text: engines turn one into the other, each in its own way."""
    parts = [node.this, node.expression, *node.expressions]
    columns = [one.name for one in parts if isinstance(one, exp.Column)]
    literals = [one for one in parts if isinstance(one, exp.Literal)]
    for name in columns:
        kind = _kinds(table).get(name)
        for literal in literals:
            if kind is not None and kind != ("text" if literal.is_string else "number"):
                return f"{name} is a {kind}, so compare it with one, not with {literal.sql()}"
    return None


def _key_problem(measure: Measure, table: Table) -> str | None:
    days = {one.name for one in table.columns if one.unit == "days since 1970"}
    texts = {name for name, kind in _kinds(table).items() if kind == "text"}
    for key, column, there in (("by", measure.by, texts), ("at", measure.at, days)):
        if column is not None and column not in there:
            named = ", ".join(sorted(there)) or "none"
            return f"{key}={column!r} is no such column of {table.name}; there are: {named}"
    return None


def _unsaid_problem(measure: Measure, table: Table) -> str | None:
    """A column that a source may lack, used without saying so: missing would look like none."""
    optional = {one.name for one in table.columns if not one.required}
    tree = sqlglot.parse_one(measure.sql, read=DIALECTS[0])
    used = {column.name for column in tree.find_all(exp.Column)} & optional
    used |= {one for one in (measure.by, measure.at) if one in optional}
    unsaid = sorted(one for one in used if f"{table.name}.{one}" not in measure.needs)
    return f"a source may lack {unsaid[0]}; say needs=({unsaid[0]!r},)" if unsaid else None


def _kinds(table: Table) -> dict[str, str]:
    """Whether a column that may be asked is a text, a number or a flag."""
    kinds = {"market_number": "number"}
    for one in table.columns:
        kind = "text" if pa.types.is_string(one.type) else "number"
        kinds[one.name] = "flag" if pa.types.is_boolean(one.type) else kind
        if kind == "text":
            kinds[f"{one.name}_word"] = "number"
        if one.few:
            kinds[f"{one.name}_bit"] = "number"
    return {name: kind for name, kind in kinds.items() if name not in _NOT_TO_ASK}


def _engine_problem(measure: Measure, table: Table) -> str | None:
    """What DuckDB says of the measure's tiles over no events; it knows the types."""
    nothing = table.arrow_schema().empty_table()
    try:
        build_tiles(table.name, nothing, [measure], markets=("all",), vocabularies={})
    except duckdb.Error as error:
        return f"DuckDB refuses {measure.sql!r}: {str(error).splitlines()[0]}"
    return None
