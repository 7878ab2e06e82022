"""Boosted trees on stdout: XGBoost, its folds, LightGBM, CatBoost."""

import contextlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import catboost
import lightgbm
import numpy as np
import xgboost
from tests.make_samples.truth import Truth

N_TRAIN = 200


def make(folder: Path) -> None:
    """Writes `boosting/xgboost.txt`, `xgboost_cv.txt`, `lightgbm.txt` and `catboost.txt`."""
    home = folder / "boosting"
    home.mkdir(parents=True)
    random = np.random.default_rng(0)
    inputs = random.normal(size=(300, 4))
    outputs = inputs[:, 0] * 2 + random.normal(size=300) / 10
    for name, write in (
        ("xgboost", _xgboost),
        ("xgboost_cv", _folds),
        ("lightgbm", _lightgbm),
        ("catboost", _catboost),
    ):
        with contextlib.redirect_stdout(io.StringIO()) as stdout:
            truth = write(inputs, outputs)
        path = home / f"{name}.txt"
        path.write_text(stdout.getvalue(), "utf-8")
        truth.write(path)


def _filled(truth: Truth, columns: Mapping[str, Sequence[float]], form: str, first: int = 0) -> Truth:
    """The truth with the columns as they are printed; roles by the losses of the sets."""
    for name, values in columns.items():
        for i, value in enumerate(values):
            truth.put(first + i, {name: float(format(value, form))})
        if name.endswith(" loss"):
            truth.roles[name] = "train_loss" if name.startswith(("train", "learn")) else "val_loss"
    return truth


def _xgboost(inputs: np.ndarray, outputs: np.ndarray) -> Truth:
    train = xgboost.DMatrix(inputs[:N_TRAIN], outputs[:N_TRAIN])
    valid = xgboost.DMatrix(inputs[N_TRAIN:], outputs[N_TRAIN:])
    told: dict[str, dict[str, list[float]]] = {}
    settings = {"eval_metric": ["mae", "rmse"], "eta": 0.1}
    xgboost.train(settings, train, 12, evals=[(train, "train"), (valid, "eval")], evals_result=told)
    columns = {f"{which}-mae loss": told[which]["mae"] for which in told}
    columns |= {f"{which}-rmse": told[which]["rmse"] for which in told}
    return _filled(Truth(f"xgboost {xgboost.__version__} train"), columns, ".5f")


def _folds(inputs: np.ndarray, outputs: np.ndarray) -> Truth:
    told = xgboost.cv(
        {"eta": 0.1}, xgboost.DMatrix(inputs, outputs), 8, nfold=3, verbose_eval=True, as_pandas=False
    )
    columns = {f"{which}-rmse loss": told[f"{which}-rmse-mean"] for which in ("train", "test")}
    return _filled(Truth(f"xgboost {xgboost.__version__} cv"), columns, ".5f")


def _lightgbm(inputs: np.ndarray, outputs: np.ndarray) -> Truth:
    train = lightgbm.Dataset(inputs[:N_TRAIN], outputs[:N_TRAIN])
    valid = lightgbm.Dataset(inputs[N_TRAIN:], outputs[N_TRAIN:], reference=train)
    told: dict[str, dict[str, list[float]]] = {}
    heard = [lightgbm.log_evaluation(1), lightgbm.record_evaluation(told)]
    settings = {"metric": ["l2", "l1"], "objective": "l2", "num_threads": 1}
    lightgbm.train(settings, train, 12, valid_sets=[train, valid], callbacks=heard)
    columns = {f"{which} l2 loss": told[which]["l2"] for which in told}
    columns |= {f"{which} l1": told[which]["l1"] for which in told}
    return _filled(Truth(f"lightgbm {lightgbm.__version__} log_evaluation"), columns, "g", first=1)


def _catboost(inputs: np.ndarray, outputs: np.ndarray) -> Truth:
    model = catboost.CatBoostRegressor(iterations=12, allow_writing_files=False, thread_count=1)
    model.fit(inputs[:N_TRAIN], outputs[:N_TRAIN], eval_set=(inputs[N_TRAIN:], outputs[N_TRAIN:]))
    told = model.get_evals_result()
    columns = {"learn loss": told["learn"]["RMSE"], "test loss": told["validation"]["RMSE"]}
    return _filled(Truth(f"catboost {catboost.__version__} fit"), columns, ".7f")
