"""Optimizers, learning rates over time, and losses, each against its formula."""

import keras
import numpy as np
import pytest

from components.training.fit import MOST_STEPS_AT_ONCE, OptimizerConfig, WarmUp, compile_model
from tests.components.training.small_examples import make_examples, make_plain_model

COSINE_OF_FOUR = [0.1, 0.0853553, 0.05, 0.0146447, 0.0]


def compiled(steps_per_epoch: int = 3, **settings: object) -> keras.Model:
    model = make_plain_model()
    optimizer = {"optimizer": "adam", "learning_rate": 0.1, "schedule": "constant", "steps": 4}
    compile_model(model, OptimizerConfig(**{**optimizer, **settings}), steps_per_epoch)  # type: ignore[arg-type]
    return model


# By the formulas: 0.1 * (1 + cos(pi * step / steps)) / 2, and 0.1 * step / warmup_steps.
@pytest.mark.parametrize(
    ("schedule", "steps", "warmup_steps", "rates"),
    [
        ("constant", 4, 0, [0.1, 0.1, 0.1, 0.1, 0.1]),
        ("constant", 4, 2, [0.0, 0.05, 0.1, 0.1, 0.1]),
        ("cosine", 4, 0, COSINE_OF_FOUR),
        ("cosine", 6, 2, [0.0, 0.05, *COSINE_OF_FOUR]),
        # Nothing but a warm-up.
        ("cosine", 2, 2, [0.0, 0.05, 0.1, 0.0]),
        ("constant", 2, 2, [0.0, 0.05, 0.1]),
        # Beyond the end it stays where it was.
        ("cosine", 1, 0, [0.1, 0.0, 0.0]),
    ],
)
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_learning_rate_follows_its_schedule(
    optimizer: str, schedule: str, steps: int, warmup_steps: int, rates: list[float]
) -> None:
    model = compiled(optimizer=optimizer, schedule=schedule, steps=steps, warmup_steps=warmup_steps)
    seen = []
    for step in range(len(rates)):
        model.optimizer.iterations.assign(step)
        seen.append(float(model.optimizer.learning_rate))
    assert seen == pytest.approx(rates, abs=1e-6)


def test_warm_up_can_be_made_again_from_what_it_was_made_with() -> None:
    warm_up = WarmUp(0.1, 4)
    assert warm_up.get_config() == {"learning_rate": 0.1, "steps": 4}
    assert float(WarmUp(**warm_up.get_config())(1)) == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("name", "optimizer_class", "expected"),
    [
        ("adam", keras.optimizers.Adam, {"beta_1": 0.9, "beta_2": 0.999}),
        ("adamw", keras.optimizers.AdamW, {"beta_1": 0.9, "beta_2": 0.999}),
        ("rmsprop", keras.optimizers.RMSprop, {"rho": 0.9, "momentum": 0.0}),
        ("sgd", keras.optimizers.SGD, {"momentum": 0.9, "nesterov": True}),
    ],
)
@pytest.mark.parametrize("weight_decay", [0.0, 0.25])
def test_each_optimizer(
    name: str, optimizer_class: type, expected: dict[str, object], weight_decay: float
) -> None:
    optimizer = compiled(optimizer=name, weight_decay=weight_decay).optimizer
    assert type(optimizer) is optimizer_class
    config = optimizer.get_config()
    assert {key: config[key] for key in expected} == expected
    assert float(optimizer.learning_rate) == pytest.approx(0.1)
    assert (config["weight_decay"] or 0.0) == weight_decay


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_weight_decay_takes_its_share_of_each_weight(name: str) -> None:
    model = compiled(optimizer=name, weight_decay=0.25, learning_rate=0.1)
    before = model.layers[-1].kernel.numpy()
    optimizer = model.optimizer
    # Where nothing is to be learnt, only the decay is left: 0.1 * 0.25 of the weight.
    optimizer.apply([np.zeros(weight.shape, np.float32) for weight in model.trainable_weights],
                    model.trainable_weights)  # fmt: skip
    np.testing.assert_allclose(model.layers[-1].kernel.numpy(), before * 0.975, rtol=1e-5)


def test_nesterovs_momentum_by_hand() -> None:
    model = compiled(optimizer="sgd", learning_rate=0.1)
    bias = model.layers[-1].bias
    for _ in range(2):
        model.optimizer.apply(
            [np.ones(weight.shape, np.float32) for weight in model.trainable_weights],
            model.trainable_weights,
        )
    # Velocities -0.1 and -0.19; each step is 0.9 of its velocity, and 0.1 of the gradient.
    np.testing.assert_allclose(bias.numpy(), [-0.19 - 0.271] * 3, rtol=1e-5)


def asked(model: keras.Model) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities of ten images, and their labels."""
    [(pixels, labels)] = make_examples().batches(100).as_numpy_iterator()
    return model(pixels).numpy(), labels


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 0.5])
def test_the_loss_is_the_cross_entropy_with_the_smoothed_labels(label_smoothing: float) -> None:
    model = compiled(label_smoothing=label_smoothing)
    probabilities, labels = asked(model)
    targets = np.eye(3)[labels] * (1 - label_smoothing) + label_smoothing / 3
    expected = -(targets * np.log(probabilities)).sum(axis=1).mean()
    loss = model.compute_loss(y=labels, y_pred=probabilities)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_weights_of_images_reach_the_loss(label_smoothing: float) -> None:
    model = compiled(label_smoothing=label_smoothing)
    probabilities, labels = asked(model)
    losses = [
        float(model.compute_loss(y=labels[[row]], y_pred=probabilities[[row]]))
        for row in range(len(labels))
    ]
    weights = np.array([2.0, 0.5, 0.0])[labels]
    loss = model.compute_loss(y=labels, y_pred=probabilities, sample_weight=weights)
    assert float(loss) == pytest.approx(float(np.mean(weights * losses)), rel=1e-5)


def test_accuracy_is_measured_against_the_true_class() -> None:
    model = compiled(label_smoothing=0.1)
    probabilities, labels = asked(model)
    answer = model.evaluate(make_examples().batches(100), verbose=0, return_dict=True)
    assert answer["accuracy"] == pytest.approx((probabilities.argmax(axis=1) == labels).mean())


@pytest.mark.parametrize(("steps", "at_once"), [(1, 1), (31, 31), (1000, MOST_STEPS_AT_ONCE)])
def test_no_more_steps_run_at_once_than_an_epoch_has(steps: int, at_once: int) -> None:
    assert compiled(steps_per_epoch=steps).steps_per_execution == at_once
