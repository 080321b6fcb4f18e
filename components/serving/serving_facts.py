"""What was found when a model was loaded as a server would load it."""

import dataclasses
import json
import os
from collections.abc import Mapping

FACTS_FILE = "serving_facts.json"


@dataclasses.dataclass(frozen=True)
class GoldenResult:
    """How a model responded to a request whose outcome is known before.

    Attributes:
        name: What was asked, such as "PNG, 16 bits" or "a batch of 64".
        images: How many images the request had.
        problem: What is wrong with the response, in a sentence; empty if nothing is.
    """

    name: str
    images: int
    problem: str = ""


@dataclasses.dataclass(frozen=True)
class ServingFacts:
    """What was found.

    Attributes:
        problems: Why the model cannot be served, one sentence each; empty if it can.
        golden: The requests and what became of them.
        compared_images: Test images, as raw bytes, whose predictions were compared with the
            evaluation's.
        largest_difference: Of a probability in these predictions, absolute.
        load_seconds: From the start of loading until the signature can be called.
        model_bytes: Size of all files of the model.
        latencies: Milliseconds of the calls of `serving_default`, by the size of the batch, in
            the order measured, many others before them; the keys are "1" and "64", as JSON has
            them.
    """

    problems: tuple[str, ...]
    golden: tuple[GoldenResult, ...]
    compared_images: int
    largest_difference: float
    load_seconds: float
    model_bytes: int
    latencies: Mapping[str, tuple[float, ...]]

    @property
    def is_servable(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def write_facts(facts: ServingFacts, folder: str) -> None:
    """Writes the file."""
    with open(os.path.join(folder, FACTS_FILE), "w", encoding="utf-8") as file:
        json.dump(dataclasses.asdict(facts), file, indent=2, ensure_ascii=False)


def read_facts(folder: str) -> ServingFacts:
    """Reads what `write_facts` wrote."""
    with open(os.path.join(folder, FACTS_FILE), encoding="utf-8") as file:
        values = json.load(file)
    values["problems"] = tuple(values["problems"])
    values["golden"] = tuple(GoldenResult(**golden) for golden in values["golden"])
    values["latencies"] = {size: tuple(times) for size, times in values["latencies"].items()}
    return ServingFacts(**values)
