"""Real files that broke other programs, through the whole of ingestion; not for the repository."""

import os

import pytest

from components.audit import Audit
from components.ingestion.manifest import read_manifest
from components.normalization.normalization_rules import ImageRules
from tests.components.ingestion.test_image_folder_example_gen import _ingest
from tests.components.normalization.test_hostile_files import OUTCOMES, OUTCOMES_IN_GRAY
from tests.scenes import write_scene
from tests.shared_data import shared_data

SCENES = 40
# Of files that hold one image, the first by name is used.
DUPLICATES = {
    "baseline_ijg.jpg": "arithmetic_coded.jpg: same pixels",
    "rgb_trns.png": "palette_trns.png: same pixels",
    "webp_renamed.jpg": "photo_flower.webp: same bytes",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """All of them in one class, beside enough ordinary images for every split."""
    root = tmp_path_factory.mktemp("hostile") / "data"
    for number, name in enumerate(("hostile", "ordinary")):
        for seed in range(SCENES):
            write_scene(root / name / f"scene {seed}.png", seed=1000 * number + seed)
    for path in shared_data("hostile_files").iterdir():
        (root / "hostile" / path.name).write_bytes(path.read_bytes())
    return root


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("channels", "outcomes"), [(3, OUTCOMES), (1, {**OUTCOMES, **OUTCOMES_IN_GRAY})]
)
def test_each_hostile_file_is_a_record_or_a_rejection(root, channels, outcomes, tmp_path):
    rules = {"image": ImageRules(channels), "max_reject_fraction": 0.2}
    examples = _ingest(root, tmp_path / "examples", **rules)
    found = {
        os.path.basename(row.path): row.treatment
        for row in read_manifest(examples.uri)
        if row.path.startswith("hostile/") and "scene" not in row.path
    }
    assert found == {name: _in_manifest(name, outcome) for name, outcome in outcomes.items()}
    audit = Audit.read(os.path.join(examples.uri, "audit.json"))
    assert audit.found == 2 * SCENES + 63
    assert audit.rejected == sum(": " in outcome for outcome in outcomes.values()) - sum(
        outcome.startswith("transcoded") for outcome in outcomes.values()
    )


def _in_manifest(name, outcome):
    if name in DUPLICATES:
        return f"duplicate of hostile/{DUPLICATES[name]}"
    if outcome == "as found" or outcome.startswith("transcoded"):
        return outcome
    return f"rejected: {outcome.partition(':')[0]}"
