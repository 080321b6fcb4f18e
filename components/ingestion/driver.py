"""Has the data folder changed since the last run? What TFX's cache asks before ingestion."""

import concurrent.futures
import functools
import hashlib
import json
import os
from collections.abc import Sequence

import ml_metadata as mlmd
import tensorflow as tf
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration.portable import data_types
from tfx.types import standard_artifacts

from components.caching import CacheDriver
from components.errors import PipelineError
from components.ingestion.data_files import stamp_file
from components.ingestion.data_folder import ImageFolder, list_image_folder
from components.ingestion.data_spans import FEWEST_CLASSES
from components.ingestion.ingestion_rules import IngestionRules
from components.ingestion.manifest import MANIFEST_FILE
from components.ingestion.parts import map_parts
from components.lineage import NODE, executions_in, outputs_of
from components.progress import Progress
from components.storage import open_text, read_file, write_file

DATA_FOLDER_KEY = "data_folder"
RULES_KEY = "rules"
FINGERPRINT_KEY = "data_fingerprint"
EARLIER_KEY = "earlier_records"
SPLIT_RULES_KEY = "split_rules"
SPAN_KEY = "span"
EARLIER_SPANS_KEY = "earlier_spans"
"""JSON: the steps of the spans before this one; from the driver on, the folders of their records.
The steps differ when the window moves on, which must not run an old span again."""
PART_SIZE = 64
"""Files that a thread reads in a row, if threads read them."""
LISTING_FILE = "listing.sha256"
"""Digest of names, sizes and times of the files of a span, beside its records. It may change, which
a property of the records must not: all of these are part of the cache keys of later steps."""

_DONE = (metadata_store_pb2.Execution.COMPLETE, metadata_store_pb2.Execution.CACHED)


class ImageFolderDriver(CacheDriver):
    """Adds the fingerprint of the data folder to what the cache compares.

    TFX's own fingerprint is made of counts, sizes and times, and does not notice a file that was
    replaced by one of equal size and time. Of a span that was ingested before this is enough: it is
    meant not to change any more, and so its images need not be read again.
    """

    def observe(self, execution_info: data_types.ExecutionInfo) -> dict[str, str]:
        """Looks at the folder, and for the records of the run before and of the spans before.

        Returns:
            The fingerprint, and the folder of the earlier records whose splits must stay, or an
            empty text; of a span, also the folders of the records of the spans before it. An
            unchanged data folder is given the same ones again, so that its cached records are
            found.

        Raises:
            PipelineError: The folder is not a data folder.
        """
        properties = execution_info.exec_properties
        root = str(properties[DATA_FOLDER_KEY])
        rules = IngestionRules.from_json(str(properties[RULES_KEY]))
        pipeline = execution_info.pipeline_info.id
        node = f"{pipeline}.{execution_info.pipeline_node.node_info.id}"
        with self._metadata_handle as metadata:
            store = metadata.store
            if properties.get(SPAN_KEY) is None:
                found = fingerprint(root)
                earlier, _ = earlier_records(store, node, rules.split_rules(), found)
                return {FINGERPRINT_KEY: found, EARLIER_KEY: earlier}
            found = fingerprint_of_span(store, node, root)
            steps = json.loads(str(properties[EARLIER_SPANS_KEY]))
            spans = [newest_records(store, f"{pipeline}.{step}") for step in steps]
            earlier, spans = earlier_records(store, node, rules.split_rules(), found, spans)
        return {
            FINGERPRINT_KEY: found,
            EARLIER_KEY: earlier,
            EARLIER_SPANS_KEY: json.dumps(spans),
        }


def fingerprint(root: str) -> str:
    """Digest of the names and contents of all files below a data folder.

    The price is to read the folder once more each run: 70,000 small images take a few seconds.

    Returns:
        A hexadecimal SHA-256 that does not depend on the place of the folder, times or order.

    Raises:
        PipelineError: The folder is not a data folder.
    """
    return _digest_contents(list_image_folder(root))


def fingerprint_of_span(store: mlmd.MetadataStore, node: str, root: str) -> str:
    """The fingerprint of a span, for which it is read only if it is new or looks changed.

    Args:
        store: ML Metadata.
        node: "<pipeline>.<step>", as TFX names the context of a step.
        root: Folder of the span.

    Raises:
        PipelineError: The folder is not a data folder.
    """
    folder = list_image_folder(root, FEWEST_CLASSES)
    listing = digest_listing(folder)
    records = _records(store, node)
    for artifact in records:
        if _read_listing(artifact) == listing:
            return _property(artifact, FINGERPRINT_KEY)
    found = _digest_contents(folder)
    for artifact in records:
        if _property(artifact, FINGERPRINT_KEY) == found:
            # It was copied, or touched: it need not be read again for that.
            write_listing(str(artifact.uri), listing)
    return found


def digest_listing(folder: ImageFolder) -> str:
    """Digest of the names, sizes and times of the files of a span, none of which is read."""
    digest = _digest_rejections(folder)
    for file in folder.files:
        digest.update(f"{file.filename}\0{stamp_file(folder.root, file.filename)}\n".encode())
    return digest.hexdigest()


def write_listing(records: str, listing: str) -> None:
    """Leaves the digest of a span's files beside its records."""
    write_file(records, LISTING_FILE, listing.encode())


def earlier_records(
    store: mlmd.MetadataStore,
    node: str,
    split_rules: str,
    data_fingerprint: str,
    spans: Sequence[str] = (),
) -> tuple[str, list[str]]:
    """Finds the records whose splits must stay.

    Args:
        store: ML Metadata.
        node: "<pipeline>.<step>", as TFX names the context of a step.
        split_rules: What decides about splits; records that were split by other rules do not count.
        data_fingerprint: Of the data folder now.
        spans: Folders of the records of the spans before this one.

    Returns:
        The folder of the newest records, empty if there are none, and the folders of the spans. For
        an unchanged data folder, those with which its records were made. They may have been made
        with spans that are not used any more, but not without one that is.
    """
    eligible = [
        artifact
        for artifact in _records(store, node)
        if _property(artifact, SPLIT_RULES_KEY) == split_rules
    ]
    for artifact in eligible:
        if _property(artifact, FINGERPRINT_KEY) != data_fingerprint:
            break
        made_with = json.loads(_property(artifact, EARLIER_SPANS_KEY) or "[]")
        if set(spans) <= set(made_with):
            return _property(artifact, EARLIER_KEY), made_with
    return (str(eligible[0].uri) if eligible else ""), list(spans)


def newest_records(store: mlmd.MetadataStore, node: str) -> str:
    """The folder of the records that a step of this run made or took from the cache.

    Args:
        store: ML Metadata.
        node: "<pipeline>.<step>", a step that is done.

    Raises:
        PipelineError: Somebody removed them.
        RuntimeError: It is not done, a defect.
    """
    executions = executions_in(store, NODE, node)
    done = [each.id for each in executions if each.last_known_state in _DONE]
    outputs = outputs_of(store, done[-1:])
    if not outputs:
        raise RuntimeError(f"{node} must have been executed before the spans after it.")
    folder = str(outputs[0].uri)
    if not tf.io.gfile.exists(os.path.join(folder, MANIFEST_FILE)):
        raise PipelineError(
            "The records of earlier spans must be there for a later one to be compared with. "
            f"Received: {folder}, which is not. Bring it back; or give another --output, where "
            "all spans are ingested anew."
        )
    return folder


def _records(store: mlmd.MetadataStore, node: str) -> list[metadata_store_pb2.Artifact]:
    """The records that a step left and that are still there, the newest first."""
    context = store.get_context_by_type_and_name(NODE, node)
    artifacts = store.get_artifacts_by_context(context.id) if context else []
    there = [
        artifact
        for artifact in artifacts
        if artifact.type == standard_artifacts.Examples.TYPE_NAME
        and artifact.state == metadata_store_pb2.Artifact.LIVE
        and tf.io.gfile.exists(os.path.join(artifact.uri, MANIFEST_FILE))
    ]
    return sorted(there, key=lambda artifact: -artifact.id)


def _read_listing(artifact: metadata_store_pb2.Artifact) -> str:
    path = os.path.join(artifact.uri, LISTING_FILE)
    if not tf.io.gfile.exists(path):
        return ""
    with open_text(path, "r") as file:
        return file.read()


def _property(artifact: metadata_store_pb2.Artifact, key: str) -> str:
    value = artifact.custom_properties.get(key)
    return str(value.string_value) if value else ""


def _digest_rejections(folder: ImageFolder) -> "hashlib._Hash":
    digest = hashlib.sha256()
    for rejection in folder.rejections:
        digest.update(f"{rejection.filename}\0{rejection.reason}\n".encode())
    return digest


def _digest_contents(folder: ImageFolder) -> str:
    digest = _digest_rejections(folder)
    names = [file.filename for file in folder.files]
    digest_files = functools.partial(_digest_files, folder.root)
    progress = Progress("images compared with the last run's", len(names))
    with concurrent.futures.ThreadPoolExecutor() as readers:
        for line in map_parts(digest_files, names, PART_SIZE, readers):
            digest.update(line.encode())
            progress.advance()
    return digest.hexdigest()


def _digest_files(root: str, names: Sequence[str]) -> list[str]:
    """A line for each file: its name, and the digest of what is in it."""
    return [f"{name}\0{_digest_of_file(root, name)}\n" for name in names]


def _digest_of_file(root: str, filename: str) -> str:
    try:
        return hashlib.sha256(read_file(root, filename)).hexdigest()
    except (OSError, tf.errors.OpError) as error:
        # Not the end: ingestion will reject it, and when it becomes readable that is a change.
        return f"unreadable: {error}"
