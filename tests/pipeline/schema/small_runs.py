"""Statistics and metadata as runs of a pipeline leave them, in milliseconds and without TFX."""

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2 as pb
from tensorflow_metadata.proto.v0 import statistics_pb2

COUNTS = {
    "image/format": {"png": 4},
    "image/class/text": {"cat": 2, "dog": 2},
    "image/treatment": {"as found": 4},
    "image/channels": {"3": 4},
}
RANGES = {
    "image/height": (30, 30),
    "image/width": (40, 40),
    "image/bytes": (1000, 1003),
    "image/aspect_ratio": (4 / 3, 4 / 3),
    "image/brightness": (0.5, 0.5),
    "image/contrast": (0.25, 0.25),
    "image/sharpness": (400, 400),
    "image/entropy": (7, 7),
}


def write_statistics(folder, split="train", counts=None, ranges=None):
    """Writes the statistics of a split as StatisticsGen does; arguments change what images are."""
    statistics = statistics_pb2.DatasetFeatureStatisticsList()
    dataset = statistics.datasets.add(num_examples=4)
    for key, by_value in {**COUNTS, **(counts or {})}.items():
        feature = dataset.features.add()
        feature.path.step.append(key)
        for value, count in by_value.items():
            feature.string_stats.rank_histogram.buckets.add(label=value, sample_count=count)
    for key, (least, greatest) in {**RANGES, **(ranges or {})}.items():
        feature = dataset.features.add()
        feature.path.step.append(key)
        feature.num_stats.min, feature.num_stats.max = least, greatest
        feature.num_stats.common_stats.num_non_missing = 4
    path = folder / f"Split-{split}" / "FeatureStats.pb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(statistics.SerializeToString())
    return folder


def record_execution(path, node, state, uri, run=""):
    """Writes an execution of a step into ML Metadata's SQLite file, as TFX does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = pb.ConnectionConfig()
    connection.sqlite.filename_uri = str(path)
    connection.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    store = mlmd.MetadataStore(connection)
    context_type = store.put_context_type(pb.ContextType(name="node"))
    execution_type = store.put_execution_type(pb.ExecutionType(name="Step"))
    artifact_type = store.put_artifact_type(pb.ArtifactType(name="ExampleStatistics"))
    execution = pb.Execution(type_id=execution_type, last_known_state=state)
    artifact = pb.Artifact(type_id=artifact_type, uri=str(uri))
    event = pb.Event(type=pb.Event.OUTPUT)
    event.path.steps.add().key = "statistics"
    pairs = [(artifact, event)] if uri else []
    contexts = [pb.Context(type_id=context_type, name=node)]
    if run:
        run_type = store.put_context_type(pb.ContextType(name="pipeline_run"))
        contexts.append(pb.Context(type_id=run_type, name=run))
    store.put_execution(execution, pairs, contexts, reuse_context_if_already_exist=True)
