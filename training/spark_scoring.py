"""Batch scoring on Spark: the workers load the model's folder as everybody does, and predict.

What travels to the workers are the files of the model and its digest, and rows as Arrow batches;
no function or object of the model's own does. Imported only where `engine` is `spark`.
"""

import tempfile
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from types import ModuleType

import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame

from features.errors import ModelRefused
from features.spark.session import Batches, mapped
from features.user_groups import GroupFiles, group_files, groups_of
from training.artifact import load_model
from training.models.customer_model import CustomerModel

PREDICTED = (
    *("churn_probability", "no_order_probability", "alive_probability"),
    *("expected_orders", "expected_value", "value_median", "value_low", "value_high"),
)
SCORE_SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("market", pa.string()),
        ("cutoff", pa.date32()),
        *((name, pa.float64()) for name in PREDICTED),
    ]
)
_KEYS = 3


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model's folder as data: every file by name, and the digest that vouches for all of them.

    `groups` are the business's own features that the model was made with.
    """

    files: tuple[tuple[str, bytes], ...]
    digest: str
    groups: GroupFiles

    @classmethod
    def of(cls, folder: Path, digest: str, groups: tuple[ModuleType, ...]) -> "ModelFiles":
        """The files of a model's folder as they are; whoever loads them checks them."""
        files = sorted(path for path in folder.iterdir() if path.is_file())
        return cls(
            tuple((path.name, path.read_bytes()) for path in files), digest, group_files(groups)
        )


def spark_scores(
    rows: DataFrame, folder: Path, digest: str, *, groups: tuple[ModuleType, ...] = ()
) -> DataFrame:
    """What the model predicts of every row of a matrix on Spark: its keys and `PREDICTED`.

    Equal to `CustomerModel.predict` of the same rows, bit for bit. Raises ModelRefused for a
    folder that is damaged, is not the registered one, or asks for features that are not there.
    """
    names = load_model(folder, digest=digest, groups=groups).facts.feature_names
    if missing := [name for name in names if name not in rows.columns]:
        message = f"The model needs features that are not there: {', '.join(missing)}."
        raise ModelRefused(message)
    needed = rows.select(*SCORE_SCHEMA.names[:_KEYS], *names)
    function = partial(scored, model=ModelFiles.of(folder, digest, groups))
    return mapped(needed, function, SCORE_SCHEMA)


def scored(batches: Batches, model: ModelFiles) -> Batches:
    """The predictions of these rows, batch by batch; runs on the workers."""
    for batch in batches:
        if batch.num_rows:
            keys, features = batch.columns[:_KEYS], _frame(batch)
            predicted = loaded(model).predict(features)
            columns = [pa.array(predicted[name].to_numpy()) for name in PREDICTED]
            yield pa.RecordBatch.from_arrays([*keys, *columns], schema=SCORE_SCHEMA)


@lru_cache(maxsize=1)
def loaded(model: ModelFiles) -> CustomerModel:
    """The model of these files; a worker loads it once, however many parts it scores."""
    with tempfile.TemporaryDirectory() as aside:
        for name, content in model.files:
            (Path(aside) / name).write_bytes(content)
        return load_model(Path(aside), digest=model.digest, groups=groups_of(model.groups))


def _frame(batch: pa.RecordBatch) -> pd.DataFrame:
    """The market and the features as the model takes them; a missing number is NaN."""
    names = ["market", *batch.schema.names[_KEYS:]]
    columns = [batch.column("market"), *batch.columns[_KEYS:]]
    return pd.DataFrame(
        {
            name: column.to_numpy(zero_copy_only=False)
            for name, column in zip(names, columns, strict=True)
        }
    )
