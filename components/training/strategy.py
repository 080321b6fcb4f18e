"""On which devices, of which machines, a model is trained.

What Keras 3 needs under each of these strategies:

- The model, with its optimizer, is built and compiled within `strategy.scope()`, and so is a
  checkpoint that is loaded into it.
- `fit`, `evaluate` and `predict` are called outside it, with an ordinary dataset: they distribute
  it themselves. A batch of the dataset is the global one: each of N devices receives its N-th part.
- `shard_by_images` tells the dataset how machines share it.
- Keras sums the gradients of all devices before each step, so that the learning rate belongs to
  the global batch. Where a last, smaller batch cannot be shared equally, its images count
  unequally in that step.
- Keras reads one batch before the first epoch, to build the metrics. A dataset that is shuffled
  anew for each epoch then trains in the orders of epochs 2, 3, ... of a single device: results
  differ as by another seed. In the same order, losses were equal to 1e-6.

With several machines, the same program runs on each, with the same TF_CONFIG but for the task;
every one of them must take part in every `fit`, `evaluate` and `predict`, and save; only the chief
saves to a place that stays.
"""

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from components.errors import PipelineError

TF_CONFIG = "TF_CONFIG"

_CHIEF = "chief"
_WORKER = "worker"
_EXAMPLE = (
    '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
)


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The machines that train together, and this one's part.

    Attributes:
        machines: How many there are; 1 without TF_CONFIG.
        is_chief: Whether this one writes what stays: the chief where the cluster has one, the
            first worker elsewhere.
    """

    machines: int = 1
    is_chief: bool = True


def read_cluster(environment: Mapping[str, str] | None = None) -> Cluster:
    """Reads TF_CONFIG, as TensorFlow's guide "Multi-worker training with Keras" describes it.

    Args:
        environment: Instead of this process's.

    Raises:
        PipelineError: It is not as it should be, or names parameter servers or an evaluator.
    """
    written = (os.environ if environment is None else environment).get(TF_CONFIG, "").strip()
    if not written:
        return Cluster()
    try:
        config = json.loads(written)
    except ValueError as error:
        raise _refusal(f"what is not JSON: {error}") from error
    jobs = _read_jobs(config)
    machines = sum(len(addresses) for addresses in jobs.values())
    if not machines:
        return Cluster()
    kind, index = _read_task(config, jobs)
    first = _CHIEF if jobs.get(_CHIEF) else _WORKER
    return Cluster(machines, is_chief=(kind, index) == (first, 0))


def is_chief(environment: Mapping[str, str] | None = None) -> bool:
    """Whether this process writes what stays, as it always does on a single machine."""
    return read_cluster(environment).is_chief


def make_strategy(
    environment: Mapping[str, str] | None = None, devices: Sequence[str] | None = None
) -> tf.distribute.Strategy:
    """Chooses how training is distributed.

    With several machines, call it before anything else of TensorFlow: the machines are connected
    once, at the start, and it waits for all of them.

    Args:
        environment: Instead of this process's, for TF_CONFIG.
        devices: Of this machine, such as "GPU:0"; every GPU that TensorFlow sees by default.

    Returns:
        For several machines, one that uses all their GPUs, or CPUs without any; for several
        devices of this machine, one that uses all of them; else TensorFlow's default, which costs
        nothing.

    Raises:
        PipelineError: TF_CONFIG is not as it should be.
    """
    if read_cluster(environment).machines > 1:
        return MultiWorkerStrategy()
    if devices is None:
        # Not the logical ones: listing those would initialize the devices.
        devices = [f"GPU:{number}" for number in range(len(tf.config.list_physical_devices("GPU")))]
    if len(devices) > 1:
        return tf.distribute.MirroredStrategy(list(devices))
    return tf.distribute.get_strategy()


def shard_by_images(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Makes machines share every batch, instead of the files.

    TensorFlow's default gives each machine its own files: with fewer files than machines some
    would have none, and batches would hold other images than on one machine. This way each reads
    all files. It changes nothing on a single machine.
    """
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return batches.with_options(options)


class MultiWorkerStrategy(tf.distribute.MultiWorkerMirroredStrategy):
    """TensorFlow's, made to work with Keras 3.

    Keras 3.15 asks it for two things that it refuses: the mean of a whole batch, of which Keras
    only uses the shapes, and the mean of the losses of all devices along an axis that they, being
    scalars, do not have (keras-team/keras#20585).
    """

    def reduce(self, reduce_op: Any, value: Any, axis: int | None = None) -> Any:
        """Combines the values of all devices, as `tf.distribute.Strategy.reduce` does.

        Args:
            reduce_op: "SUM" or "MEAN".
            value: Of each device. Of several in one structure, this machine's first are returned.
            axis: Along which each device's values are combined, too; None, or scalars, for none.
        """
        if tf.nest.is_nested(value):
            return tf.nest.map_structure(lambda one: self.experimental_local_results(one)[0], value)
        parts = self.experimental_local_results(value)
        is_scalar = all(tf.convert_to_tensor(part).shape.rank == 0 for part in parts)
        return super().reduce(reduce_op, value, None if is_scalar else axis)


def _read_jobs(config: Any) -> dict[str, list[str]]:
    """The addresses of each kind of task, which are only a chief and workers."""
    cluster = config.get("cluster", {}) if isinstance(config, dict) else None
    if not isinstance(cluster, dict):
        raise _refusal("no JSON object with the cluster as one")
    for kind, addresses in cluster.items():
        if kind not in (_CHIEF, _WORKER):
            raise _refusal(f"tasks of the kind {kind!r}, which this pipeline does not use")
        is_list = isinstance(addresses, list)
        if not is_list or not all(isinstance(one, str) and ":" in one for one in addresses):
            raise _refusal(f"{addresses!r} as the addresses of {kind!r}")
    if len(cluster.get(_CHIEF, ())) > 1:
        raise _refusal("more than one chief")
    return cluster


def _read_task(config: Mapping[str, Any], jobs: Mapping[str, Sequence[str]]) -> tuple[str, int]:
    task = config.get("task")
    if not isinstance(task, dict):
        raise _refusal("a cluster without this machine's task")
    kind, index = task.get("type"), task.get("index")
    addresses = jobs.get(kind, ()) if isinstance(kind, str) else ()
    # A bool is an int.
    if type(index) is not int or not 0 <= index < len(addresses):
        raise _refusal(f"the task {task!r}, which the cluster does not have")
    return str(kind), index


def _refusal(received: str) -> PipelineError:
    return PipelineError(
        f"{TF_CONFIG} must describe the machines that train together, as in {_EXAMPLE}. "
        f"Received: {received}. Correct the variable on this machine, or unset it to train on "
        "this machine alone."
    )
