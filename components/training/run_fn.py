"""What TFX's Trainer calls."""

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs

from components.errors import PipelineError
from components.features import CLASS_NAMES_VOCABULARY, ImageShape
from components.normalisation.rules import ImageRules
from components.serving.signatures import export_model
from components.training import dataset, fit, trainers


def run_fn(fn_args: FnArgs) -> None:
    """Reads the data, builds the model, fits it and exports it.

    Args:
        fn_args: TFX's, with `custom_config`: `trainer`, `options`, `height`, `width`, `channels`,
            `epochs`, `batch_size`, `learning_rate`, `schedule`, `seed`, `memory_budget` (bytes)
            and `image_rules`, what `ImageRules.to_dict` made of the rules of ingestion.

    Raises:
        PipelineError: The model cannot be built or trained as configured.
    """
    settings = fn_args.custom_config
    shape = ImageShape(settings["height"], settings["width"], settings["channels"])
    rules = ImageRules.from_dict(settings["image_rules"])
    transform = tft.TFTransformOutput(fn_args.transform_output)
    classes = transform.vocabulary_size_by_name(CLASS_NAMES_VOCABULARY)
    _make_repeatable(settings["seed"])

    training, evaluation = _read_data(fn_args, shape)
    model = _build_model(settings, shape, classes)
    steps = settings["epochs"] * int(training.cardinality())
    fit.compile_model(model, settings["learning_rate"], settings["schedule"], steps)
    log_folder = fn_args.model_run_dir
    history = fit.fit_model(model, training, evaluation, settings["epochs"], log_folder)
    facts = {"trainer": settings["trainer"], "parameters": model.count_params()}
    fit.write_history(log_folder, history, facts)
    export_model(model, transform, shape, fn_args.serving_model_dir, rules)


def _read_data(fn_args: FnArgs, shape: ImageShape) -> tuple[tf.data.Dataset, tf.data.Dataset]:
    """Batches to train on, and batches to watch the training with."""
    settings = fn_args.custom_config
    images = dataset.read_images(fn_args.train_files, shape.dimensions)
    training = dataset.training_batches(
        images, settings["batch_size"], settings["seed"], settings["memory_budget"]
    )
    held_out = dataset.read_images(fn_args.eval_files, shape.dimensions)
    return training, dataset.evaluation_batches(held_out, settings["batch_size"])


def _make_repeatable(seed: int) -> None:
    """Makes a seed repeat its result on one machine, also on a GPU."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def _build_model(settings: dict, shape: ImageShape, classes: int) -> keras.Model:  # type: ignore[type-arg]
    try:
        return trainers.load(settings["trainer"], settings["options"]).build_model(shape, classes)
    except ValueError as error:
        raise PipelineError(str(error)) from error
