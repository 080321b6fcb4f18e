"""What TFX's Tuner calls: a search for settings of the training, with KerasTuner."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import keras_tuner
import tensorflow as tf
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx.components.tuner.component import TunerFnResult

from components.training.data import Examples
from components.training.phases import Plan, train_network
from components.training.run_fn import build_models, make_plan, make_repeatable, read_data
from components.training.settings import TuneConfig, with_values

OBJECTIVE = "val_accuracy"
DECADE = 10
"""A range that is so many times as wide as its start is searched by orders of magnitude."""


def tuner_fn(fn_args: FnArgs) -> TunerFnResult:
    """Makes the search.

    Args:
        fn_args: TFX's, with `custom_config` as of `run_fn`, and `tune`, the fields of `TuneConfig`.

    Returns:
        A search by Gaussian processes for the largest accuracy on the eval split, which trains
        each trial as the Trainer would, but without fine-tuning and checkpoints.
    """
    settings = TuneConfig(**fn_args.custom_config["tune"])
    plan = make_plan(fn_args)
    epochs = settings.epochs or plan.train.epochs
    train = dataclasses.replace(
        plan.train, epochs=epochs, warmup_epochs=min(plan.train.warmup_epochs, epochs)
    )
    fine_tune = dataclasses.replace(plan.fine_tune, epochs=0)
    plan = dataclasses.replace(plan, train=train, fine_tune=fine_tune, folder="", log_folder="")
    make_repeatable(train.seed)
    training, evaluation = read_data(fn_args, plan)
    tuner = TrainingTuner(
        plan,
        settings.space,
        trials=settings.trials,
        folder=os.path.join(fn_args.working_dir, "trials"),
    )
    return TunerFnResult(tuner, {"training": training, "evaluation": evaluation})


class TrainingTuner(keras_tuner.BayesianOptimization):
    """Trains a network for each trial."""

    def __init__(self, plan: Plan, space: Mapping[str, Sequence[Any]], trials: int, folder: str):
        """Trains nothing yet.

        Args:
            plan: How a trial is trained, but for what is searched.
            space: What is searched; see `TuneConfig`.
            trials: How many.
            folder: Where KerasTuner keeps its records.
        """
        self._plan = plan
        super().__init__(
            objective=keras_tuner.Objective(OBJECTIVE, "max"),
            max_trials=trials,
            hyperparameters=search_space(space),
            seed=plan.train.seed,
            directory=folder,
            project_name="search",
            tune_new_entries=False,
        )

    def run_trial(self, trial: Any, training: Examples, evaluation: Examples) -> dict[str, float]:
        """Trains once with the values of a trial, and returns the accuracy that was kept."""
        train = with_values(self._plan.train, trial.hyperparameters.values)
        plan = dataclasses.replace(self._plan, train=train)
        keras.utils.set_random_seed(train.seed)
        _, network, _ = build_models(plan, tf.distribute.get_strategy())
        [result] = train_network(network, training, evaluation, plan)
        return {OBJECTIVE: result.history[OBJECTIVE][result.kept_epoch - 1]}


def search_space(space: Mapping[str, Sequence[Any]]) -> keras_tuner.HyperParameters:
    """Declares what is searched to KerasTuner; see `TuneConfig.space`."""
    declared = keras_tuner.HyperParameters()
    for name, values in space.items():
        if len({type(value) for value in values}) > 1:
            # KerasTuner takes values of one type.
            values = [float(value) for value in values]
        if len(values) != 2 or isinstance(values[0], str):
            declared.Choice(name, list(values))
            continue
        low, high = values
        sampling = "log" if low > 0 and high / low >= DECADE else "linear"
        make = declared.Int if all(type(value) is int for value in values) else declared.Float
        make(name, low, high, sampling=sampling)
    return declared
