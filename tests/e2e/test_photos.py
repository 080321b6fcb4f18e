"""Real photos of many sizes, in the splits that their owner gave."""

import json

import pytest

from tests.e2e.pipeline_runs import Workplace
from tests.shared_data import shared_data

pytestmark = pytest.mark.e2e


def test_photos_in_given_splits(tmp_path_factory: pytest.TempPathFactory) -> None:
    workplace = Workplace(tmp_path_factory.mktemp("photos"), shared_data("cats_dogs"))
    run = workplace.run(
        "--image.height=64",
        "--image.width=64",
        "--train.trainer=dense",
        "--train.options.hidden_units=[16]",
        "--train.epochs=1",
        "--evaluate.min_accuracy=0",
    )
    assert run.returncode == 0, run.stdout
    examples = workplace.newest("ImageFolderExampleGen", "examples")
    audit = json.loads((examples / "audit.json").read_text())
    assert audit["images"]["train"] == {"cats": 400, "dogs": 400}
    # The test split is cut from validation, by content.
    assert audit["images"]["eval"] == {"cats": 113, "dogs": 111}
    assert audit["images"]["test"] == {"cats": 87, "dogs": 89}
    assert (audit["found"], audit["rejected"]) == (1200, 0)
