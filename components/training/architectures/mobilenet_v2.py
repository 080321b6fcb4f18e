"""Transfer learning from MobileNetV2: the best choice for photos, from a few hundred on.

The network: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018. The way
of training: TensorFlow's tutorial "Transfer learning and fine-tuning", frozen first, and fine-tuned
if `fine_tune.epochs` says so.
"""

from __future__ import annotations

import dataclasses
import math
import typing
from typing import ClassVar

from components.features import ImageShape
from components.training import pretrained
from components.training.architectures.interface import build_head, check_head

if typing.TYPE_CHECKING:
    import keras

SMALLEST = 32
"""Pixels a side: the network halves its images five times."""


@dataclasses.dataclass(frozen=True)
class Trainer:
    """MobileNetV2 without its top, pooled, then hidden layers, dropout and probabilities.

    Attributes:
        weights: "imagenet", "none", or a file of weights without the top.
        alpha: Width of the network; files of weights exist for 0.35, 0.5, 0.75, 1.0, 1.3, 1.4.
        hidden_units: Units of each layer between the pooled features and the probabilities.
        dropout: Proportion of the last features that is dropped in training, 0 to below 1.
    """

    is_pretrained: ClassVar[bool] = True
    weights: str = pretrained.IMAGENET
    alpha: float = 1.0
    hidden_units: tuple[int, ...] = ()
    dropout: float = 0.2

    def __post_init__(self) -> None:
        pretrained.check_weights(self.weights)
        check_head(self.hidden_units, self.dropout)
        if not 0 < self.alpha < math.inf:
            raise ValueError(f"alpha must be greater than 0. Received: {self.alpha}.")

    def build_model(self, shape: ImageShape, classes: int) -> keras.Model:
        """Builds the network; see `TrainerInterface`."""
        if min(shape.height, shape.width) < SMALLEST:
            raise ValueError(
                f"The trainer 'mobilenet_v2' needs images of {SMALLEST}x{SMALLEST} pixels or more, "
                f"and does best with 160x160 or 224x224. Received: {shape.height}x{shape.width}. "
                "Enlarge image.height and image.width."
            )
        head = build_head(self.hidden_units, self.dropout)
        return pretrained.build_classifier(
            "MobileNetV2", shape, classes, self.weights, head, alpha=self.alpha
        )
