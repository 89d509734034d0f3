"""The other cells of a data set that a claim compares with."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from label_smoothing.analysis.claims.measured import NotTestableError


def beta_of_same_networks(
    cells: pd.DataFrame, dataset: pd.DataFrame, study: Mapping[str, Any]
) -> pd.DataFrame:
    """Return the beta cells of the networks whose cells these are."""
    types = study["noise_types"]
    transition = types[cells["noise"].iloc[0]]["transition"]
    same = [name for name, entry in types.items() if entry["transition"] == transition]
    beta = dataset[
        (dataset["assumption"] == "beta")
        & dataset["noise"].isin(same)
        & (dataset["method"] == cells["method"].iloc[0])
    ]
    if beta.empty:
        raise NotTestableError(f"no noise type with assumption beta and transition {transition}")
    return beta[beta["noise"] == beta["noise"].iloc[0]]


def forward_beside_smoothing(
    cells: pd.DataFrame, dataset: pd.DataFrame, study: Mapping[str, Any]
) -> pd.DataFrame:
    """Return the cells of forward correction where S_p can be alpha's best smoothing."""
    if not _is_uniform(cells, study):
        raise NotTestableError("the noise is not uniform, and S_p not alpha's best smoothing")
    if study["methods"][cells["method"].iloc[0]]["loss"] != "label_smoothing":
        raise NotTestableError("the row of label smoothing compares the two")
    return forward_with_true_matrix(cells, dataset, study)


def forward_with_true_matrix(
    cells: pd.DataFrame, dataset: pd.DataFrame, study: Mapping[str, Any]
) -> pd.DataFrame:
    """Return the cells of forward correction with the true matrix on the same noise."""
    for name, entry in study["methods"].items():
        if entry["loss"] == "forward_correction":
            forward = _of_method(name, cells, dataset)
            if entry["matrix"] == "p":
                if not _is_uniform(cells, study):
                    continue
                forward = forward[np.isclose(forward["p"], forward["a"])]
            if (forward["a"] < 1).any():
                return forward
    raise NotTestableError("no forward correction with the true matrix")


def other_matrices(
    cells: pd.DataFrame, dataset: pd.DataFrame, study: Mapping[str, Any]
) -> pd.DataFrame:
    """Return the cells of all other matrices on the same noise."""
    others = [
        _of_method(name, cells, dataset)
        for name, entry in study["methods"].items()
        if entry["loss"] == "matrix_smoothing" and name != cells["method"].iloc[0]
    ]
    if not others:
        raise NotTestableError("no other method matrix_smoothing")
    return pd.concat(others)


def mean_field(
    cells: pd.DataFrame, dataset: pd.DataFrame, study: Mapping[str, Any]
) -> pd.DataFrame:
    """Return the cells of the mean field of the same assumption on the same noise."""
    matrix = f"{cells['assumption'].iloc[0]}_mean_field"
    for name, entry in study["methods"].items():
        if entry.get("matrix") == matrix:
            return _of_method(name, cells, dataset)
    raise NotTestableError(f"no method with matrix {matrix}")


def _of_method(method, cells, dataset):
    return dataset[(dataset["noise"] == cells["noise"].iloc[0]) & (dataset["method"] == method)]


def _is_uniform(cells, study):
    transition = study["noise_types"][cells["noise"].iloc[0]]["transition"]
    return study["transitions"][transition]["kind"] == "uniform"
