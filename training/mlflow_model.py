"""The model as MLflow's Python flavour, for outside users: `mlflow.pyfunc.load_model(...)`.

MLflow keeps this file's text and runs it when somebody loads the model. The product's own serving
never does: it reads the model folder through `training.artifact.load_model`.
"""

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModel, PythonModelContext

from features.user_groups import own_groups
from training.artifact import OWN_FILE, load_model


class CustomerModelFlavour(PythonModel):  # type: ignore[misc]  # MLflow's classes are untyped
    """Rows of the feature matrix in, predictions out."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the checked model folder that travels with this file."""
        files = [path for name, path in context.artifacts.items() if name.startswith(OWN_FILE)]
        groups = own_groups(Path(file) for file in files)
        self.model = load_model(Path(context.artifacts["model"]), groups=groups)

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        """The predictions of `CustomerModel.predict`, one row per row of features."""
        return self.model.predict(model_input)


mlflow.models.set_model(CustomerModelFlavour())
