import json
import os
import shutil

import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration.metadata import Metadata, sqlite_metadata_connection_config
from tfx.orchestration.portable import data_types
from tfx.proto.orchestration import pipeline_pb2

from components.errors import PipelineError
from components.ingestion import driver
from components.ingestion.data_folder import list_image_folder
from components.ingestion.driver import (
    ImageFolderDriver,
    digest_listing,
    earlier_records,
    fingerprint,
    fingerprint_of_span,
    newest_records,
    write_listing,
)
from tests.components.ingestion.examinations import make_rules

# sha256 of "a/1.png\0<sha256 of b'one'>\nb/2.png\0<sha256 of b'two'>\n"
GOLDEN = "69d536d66361bc206692a976491c08a5eac3d3ab47360cc0556b3134a4a10dc7"


@pytest.fixture
def root(tmp_path):
    """A folder of two classes with one file each; a fingerprint needs no real images."""
    for name, content in {"a/1.png": b"one", "b/2.png": b"two"}.items():
        (tmp_path / "data" / name).parent.mkdir(parents=True)
        (tmp_path / "data" / name).write_bytes(content)
    return tmp_path / "data"


def test_is_the_digest_of_names_and_contents(root):
    assert fingerprint(str(root)) == GOLDEN


def _replace_with_equal_size_and_time(root):
    path = root / "a" / "1.png"
    before = path.stat()
    path.write_bytes(b"eno")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def _swap_contents(root):
    (root / "a" / "1.png").write_bytes(b"two")
    (root / "b" / "2.png").write_bytes(b"one")


def _break_a_link(root):
    (root / "b" / "3.png").symlink_to("missing")


@pytest.mark.parametrize(
    "change",
    [
        _replace_with_equal_size_and_time,
        _swap_contents,
        _break_a_link,
        lambda root: (root / "a" / "1.png").rename(root / "a" / "3.png"),
        lambda root: (
            (root / "a" / "1.png").rename(root / "b" / "1.png")
            and shutil.copy(root / "b" / "1.png", root / "a")
        ),
        lambda root: (root / "a" / "3.png").write_bytes(b""),
        lambda root: (root / "a" / ".hidden").write_bytes(b""),
        lambda root: (root / "readme").write_bytes(b""),
    ],
    ids=["replaced", "swapped", "broken link", "renamed", "copied", "added", "hidden", "outside"],
)
def test_notices(root, change):
    before = fingerprint(str(root))
    change(root)
    assert fingerprint(str(root)) != before


def test_notices_a_removed_file(root):
    added = root / "a" / "3.png"
    added.write_bytes(b"three")
    assert fingerprint(str(root)) != GOLDEN
    added.unlink()
    assert fingerprint(str(root)) == GOLDEN


def test_notices_when_an_unreadable_file_becomes_readable(root, monkeypatch):
    def refuse(folder, filename):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(driver, "read_file", refuse)
        unreadable = fingerprint(str(root))
    assert unreadable != fingerprint(str(root)) == GOLDEN


def test_stays_when_the_folder_is_copied_or_touched(root, tmp_path):
    copied = shutil.copytree(root, tmp_path / "elsewhere")
    assert fingerprint(str(copied)) == GOLDEN
    for path in root.rglob("*"):
        os.utime(path, (1, 1))
    assert fingerprint(str(root)) == GOLDEN
    assert fingerprint(f"{root}/") == GOLDEN


def test_refuses_what_is_not_a_data_folder(tmp_path):
    with pytest.raises(PipelineError, match="The data folder must exist"):
        fingerprint(str(tmp_path / "missing"))


RULES = make_rules()
SPLIT_RULES = RULES.split_rules()


@pytest.fixture
def metadata(tmp_path):
    """ML Metadata, as TFX hands it to a driver."""
    connection = sqlite_metadata_connection_config(str(tmp_path / "metadata.sqlite"))
    with Metadata(connection) as handle:
        yield handle


def _publish(
    store, folder, data_fingerprint, earlier="", split_rules=SPLIT_RULES, spans=(), **changes
):
    """Leaves records as an earlier run of the step did; returns their folder."""
    folder.mkdir(parents=True)
    (folder / "manifest.csv").touch()
    types = metadata_store_pb2
    type_id = store.put_artifact_type(types.ArtifactType(name="Examples"))
    artifact = types.Artifact(type_id=type_id, uri=str(folder), state=types.Artifact.LIVE)
    values = {
        "data_fingerprint": data_fingerprint,
        "earlier_records": earlier,
        "split_rules": split_rules,
        "earlier_spans": json.dumps(list(spans)),
    }
    for key, value in values.items():
        artifact.custom_properties[key].string_value = value
    for key, value in changes.items():
        setattr(artifact, key, value)
    [artifact_id] = store.put_artifacts([artifact])
    context_type = store.put_context_type(types.ContextType(name="node"))
    node = store.get_context_by_type_and_name("node", "photos.Ingest")
    if node is None:
        store.put_contexts([types.Context(type_id=context_type, name="photos.Ingest")])
        node = store.get_context_by_type_and_name("node", "photos.Ingest")
    attribution = types.Attribution(artifact_id=artifact_id, context_id=node.id)
    store.put_attributions_and_associations([attribution], [])
    return str(folder)


def _earlier(metadata, data_fingerprint, node="photos.Ingest"):
    found, spans = earlier_records(metadata.store, node, SPLIT_RULES, data_fingerprint)
    assert spans == []
    return found


def test_the_first_run_has_no_earlier_records(metadata):
    assert _earlier(metadata, "new") == ""


def test_a_changed_folder_follows_the_newest_records(metadata, tmp_path):
    _publish(metadata.store, tmp_path / "1", "first")
    second = _publish(metadata.store, tmp_path / "2", "second")
    assert _earlier(metadata, "third") == second
    assert _earlier(metadata, "third", node="photos.Other") == ""


def test_an_unchanged_folder_is_given_what_it_was_given_before(metadata, tmp_path):
    first = _publish(metadata.store, tmp_path / "1", "first")
    assert _earlier(metadata, "first") == ""
    _publish(metadata.store, tmp_path / "2", "second", earlier=first)
    assert _earlier(metadata, "second") == first


@pytest.mark.parametrize(
    "changes",
    [
        {"split_rules": "others"},
        {"state": metadata_store_pb2.Artifact.DELETED},
        {"uri": "removed"},
    ],
)
def test_records_that_do_not_count(changes, metadata, tmp_path):
    first = _publish(metadata.store, tmp_path / "1", "first")
    _publish(metadata.store, tmp_path / "2", "second", **changes)
    assert _earlier(metadata, "third") == first


def test_the_cache_compares_what_the_driver_found_beside_the_parameters(root, tmp_path, metadata):
    first = _publish(metadata.store, tmp_path / "1", "other")
    properties = {"data_folder": str(root), "rules": RULES.to_json()}
    info = data_types.ExecutionInfo(
        exec_properties=properties,
        pipeline_info=pipeline_pb2.PipelineInfo(id="photos"),
        pipeline_node=pipeline_pb2.PipelineNode(node_info=pipeline_pb2.NodeInfo(id="Ingest")),
    )
    output = ImageFolderDriver(metadata).run(info)
    assert {key: value.string_value for key, value in output.exec_properties.items()} == {
        **properties,
        "data_fingerprint": GOLDEN,
        "earlier_records": first,
    }


def _with_spans(metadata, data_fingerprint, *spans):
    return earlier_records(metadata.store, "photos.Ingest", SPLIT_RULES, data_fingerprint, spans)


def test_an_unchanged_span_is_given_the_spans_that_it_was_made_with(metadata, tmp_path):
    first = _publish(metadata.store, tmp_path / "1", "first", spans=["a", "b"])
    assert _with_spans(metadata, "first", "a", "b") == ("", ["a", "b"])
    # The window moved on.
    assert _with_spans(metadata, "first", "b") == ("", ["a", "b"])
    # An earlier span was ingested anew, or came back.
    assert _with_spans(metadata, "first", "a", "c") == (first, ["a", "c"])
    assert _with_spans(metadata, "changed", "b") == (first, ["b"])


def test_a_span_finds_its_records_again_when_the_earlier_ones_are_as_before(metadata, tmp_path):
    _publish(metadata.store, tmp_path / "1", "same", spans=["a"])
    _publish(metadata.store, tmp_path / "2", "same", earlier="1", spans=["b"])
    assert _with_spans(metadata, "same", "b") == ("1", ["b"])
    # As after a setting was changed and changed back.
    assert _with_spans(metadata, "same", "a") == ("", ["a"])


def _execute(store, step, state, folder):
    """Leaves an execution of a step with the records in a folder."""
    types = metadata_store_pb2
    execution_type = store.put_execution_type(types.ExecutionType(name="Ingest"))
    artifact_type = store.put_artifact_type(types.ArtifactType(name="Examples"))
    context_type = store.put_context_type(types.ContextType(name="node"))
    store.put_execution(
        types.Execution(type_id=execution_type, last_known_state=state),
        [
            (
                types.Artifact(type_id=artifact_type, uri=str(folder)),
                types.Event(type=types.Event.OUTPUT),
            )
        ],
        [types.Context(type_id=context_type, name=f"photos.{step}")],
        reuse_context_if_already_exist=True,
    )


def test_the_records_that_a_step_made_or_took_from_the_cache(metadata, tmp_path):
    states = metadata_store_pb2.Execution
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.csv").touch()
    _execute(metadata.store, "Ingest", states.COMPLETE, tmp_path / "new")
    _execute(metadata.store, "Ingest", states.CACHED, tmp_path / "old")
    _execute(metadata.store, "Ingest", states.FAILED, tmp_path / "failed")
    assert newest_records(metadata.store, "photos.Ingest") == str(tmp_path / "old")
    shutil.rmtree(tmp_path / "old")
    with pytest.raises(PipelineError) as caught:
        newest_records(metadata.store, "photos.Ingest")
    assert str(caught.value) == (
        "The records of earlier spans must be there for a later one to be compared with. "
        f"Received: {tmp_path / 'old'}, which is not. Bring it back; or give another --output, "
        "where all spans are ingested anew."
    )
    with pytest.raises(RuntimeError, match=r"photos\.Other must have been executed"):
        newest_records(metadata.store, "photos.Other")


@pytest.fixture
def opened(monkeypatch):
    """Names of the files that are read."""
    names = []
    read = driver.read_file

    def read_file(root, filename):
        names.append(filename)
        return read(root, filename)

    monkeypatch.setattr(driver, "read_file", read_file)
    return names


def _fingerprint_of_span(metadata, root):
    return fingerprint_of_span(metadata.store, "photos.Ingest", str(root))


def test_a_span_is_read_only_if_it_is_new_or_looks_changed(root, metadata, tmp_path, opened):
    assert _fingerprint_of_span(metadata, root) == GOLDEN
    assert sorted(opened) == ["a/1.png", "b/2.png"]
    records = _publish(metadata.store, tmp_path / "1", GOLDEN)
    write_listing(records, digest_listing(list_image_folder(str(root))))
    opened.clear()
    _replace_with_equal_size_and_time(root)
    assert (_fingerprint_of_span(metadata, root), opened) == (GOLDEN, [])
    os.utime(root / "a" / "1.png")
    assert _fingerprint_of_span(metadata, root) != GOLDEN
    assert sorted(opened) == ["a/1.png", "b/2.png"]


def test_a_span_that_was_copied_is_read_once(root, metadata, tmp_path, opened):
    _publish(metadata.store, tmp_path / "1", GOLDEN)
    for _ in range(2):
        assert _fingerprint_of_span(metadata, root) == GOLDEN
    assert sorted(opened) == ["a/1.png", "b/2.png"]


def test_a_span_may_have_one_class(root, metadata):
    shutil.rmtree(root / "b")
    assert _fingerprint_of_span(metadata, root) != GOLDEN


def test_the_cache_compares_the_records_of_the_spans_before(root, tmp_path, metadata):
    before = tmp_path / "before"
    before.mkdir()
    (before / "manifest.csv").touch()
    _execute(metadata.store, "Ingest.span-1", metadata_store_pb2.Execution.COMPLETE, before)
    info = data_types.ExecutionInfo(
        exec_properties={
            "data_folder": str(root),
            "rules": RULES.to_json(),
            "span": 2,
            "earlier_spans": '["Ingest.span-1"]',
        },
        pipeline_info=pipeline_pb2.PipelineInfo(id="photos"),
        pipeline_node=pipeline_pb2.PipelineNode(
            node_info=pipeline_pb2.NodeInfo(id="Ingest.span-2")
        ),
    )
    output = ImageFolderDriver(metadata).run(info)
    found = {key: value.string_value for key, value in output.exec_properties.items()}
    assert found["data_fingerprint"] == GOLDEN
    assert (found["earlier_records"], found["earlier_spans"]) == ("", json.dumps([str(before)]))
