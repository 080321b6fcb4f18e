from tfx.types import standard_artifacts

from components.lineage import Origin, read_origins

RUN = "2026-11-22T10-47-28.442992"


def make_artifact(number, name="", uri="/elsewhere", **properties):
    artifact = standard_artifacts.Model()
    artifact.id = number
    artifact.name = name
    artifact.uri = uri
    for key, value in properties.items():
        artifact.set_int_custom_property(key, value)
    return artifact


def read_one(*args, **values):
    (origin,) = read_origins({"model": [make_artifact(*args, **values)]})
    return origin


def test_by_its_folder():
    assert read_one(9, uri="output/pets/artifacts/Trainer/model/8") == Origin(
        "Trainer", "", "model", 8, 9, "Model", "output/pets/artifacts/Trainer/model/8"
    )


def test_by_its_name():
    origin = read_one(9, f"pets:{RUN}:Trainer.span-1:model:0")
    assert (origin.step, origin.run, origin.key) == ("Trainer.span-1", RUN, "model")
    assert origin.execution is None


def test_neither_says_anything():
    origin = read_one(9, "any:name", "/models/latest")
    assert (origin.step, origin.run, origin.key, origin.execution) == ("", "", "", None)


def test_time_and_memory():
    origin = read_one(9, step_milliseconds=1500, step_peak_memory_bytes=2**30)
    assert (origin.milliseconds, origin.peak_memory_bytes) == (1500, 2**30)
    origin = read_one(9)
    assert (origin.milliseconds, origin.peak_memory_bytes) == (None, None)


def test_in_the_order_of_making():
    inputs = {"model": [make_artifact(9)], "evaluation": [make_artifact(4), make_artifact(7)]}
    assert [origin.number for origin in read_origins(inputs)] == [4, 7, 9]
