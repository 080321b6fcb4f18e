"""Transfer learning from any network of `keras.applications`, by its name."""

from __future__ import annotations

import dataclasses
import typing
from typing import ClassVar

from components.features import ImageShape
from components.training import pretrained
from components.training.architectures.interface import build_head, check_head

if typing.TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True)
class Trainer:
    """A network without its top, pooled, then hidden layers, dropout and probabilities.

    Attributes:
        network: Its name in keras.applications, such as "EfficientNetV2B0".
        weights: "imagenet", "none", or a file of weights without the top.
        hidden_units: Units of each layer between the pooled features and the probabilities.
        dropout: Proportion of the last features that is dropped in training, 0 to below 1.
    """

    is_pretrained: ClassVar[bool] = True
    network: str = "EfficientNetV2B0"
    weights: str = pretrained.IMAGENET
    hidden_units: tuple[int, ...] = ()
    dropout: float = 0.2

    def __post_init__(self) -> None:
        pretrained.check_weights(self.weights)
        check_head(self.hidden_units, self.dropout)

    def build_model(self, shape: ImageShape, classes: int) -> keras.Model:
        """Builds the network; see `TrainerInterface`."""
        head = build_head(self.hidden_units, self.dropout)
        return pretrained.build_classifier(self.network, shape, classes, self.weights, head)
