"""A predictor without TensorFlow."""

import dataclasses
from collections.abc import Iterator, Sequence


@dataclasses.dataclass(frozen=True)
class FakePrediction:
    """Has the attributes of `components.serving.predictor.Prediction`."""

    file: str
    class_name: str | None = None
    probability: float | None = None
    error: str | None = None


class FakePredictor:
    """Knows a class for every file but those with "broken" in their names."""

    version = 1795327453

    def __init__(self, model_folder: str):
        self.model_folder = model_folder

    def predict(self, files: Sequence[str]) -> Iterator[FakePrediction]:
        for file in files:
            if "broken" in file:
                yield FakePrediction(file, error="empty file: 0 bytes")
            else:
                yield FakePrediction(file, "Bag", 0.5)
