"""In which numbers a network computes: float32, or 16 bits where the hardware gains from it.

Measured on 2 cores of a Sapphire Rapids, which has both AMX-BF16 and AVX512-BF16:

    network                       what          float32       bfloat16
    cnn, batch 32, AMX            a step        6.5 ms        4.5 ms
    cnn, batch 32, AVX512 alone   a step        5.2 ms        5.9 ms
    mobilenet_v2, 160x160, AMX    throughput    200 images/s  144 images/s

Depthwise convolutions are no matrix multiplications, which is all that AMX does: converting the
numbers costs more than the rest of the network gains. GPUs multiply matrices in bfloat16 from
compute capability 8 on and in float16 from 7 on (NVIDIA, "Train With Mixed Precision"). Variables
stay float32 in any case: "mixed" is Keras's word for it.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if typing.TYPE_CHECKING:
    import keras

AUTO = "auto"
_FLOAT32 = "float32"
_BFLOAT16 = "mixed_bfloat16"
_FLOAT16 = "mixed_float16"
_POLICIES = {_FLOAT32: _FLOAT32, "bfloat16": _BFLOAT16, "float16": _FLOAT16}

PRECISIONS = (AUTO, *_POLICIES)
"""What can be asked for; known without waiting for TensorFlow."""

CONVOLUTION = "convolution"
"""The network has ordinary convolutions."""
DEPTHWISE = "depthwise"
"""The network has depthwise, separable or grouped convolutions."""

_CPU_INFO = Path("/proc/cpuinfo")
_AMX_BF16 = "amx_bf16"


@dataclasses.dataclass(frozen=True)
class HardwareFacts:
    """What decides about the precision.

    Attributes:
        cpu_flags: As Linux names them, such as "amx_bf16"; empty on other systems and processors.
        gpus: For each GPU that TensorFlow sees its compute capability, such as (8, 0); (0, 0) if
            it has none.
    """

    cpu_flags: frozenset[str] = frozenset()
    gpus: tuple[tuple[int, int], ...] = ()


def choose_policy(requested: str, facts: HardwareFacts, kinds: frozenset[str]) -> str:
    """Chooses the dtype policy of Keras.

    Args:
        requested: One of `PRECISIONS`. Anything but "auto" is obeyed, gain or not.
        facts: What `hardware_facts` found.
        kinds: What `network_kind` found.

    Returns:
        "float32", "mixed_bfloat16" or "mixed_float16".
    """
    if requested != AUTO:
        return _POLICIES[requested]
    if facts.gpus:
        return _choose_for_gpu(min(facts.gpus))
    gains = _AMX_BF16 in facts.cpu_flags and CONVOLUTION in kinds and DEPTHWISE not in kinds
    return _BFLOAT16 if gains else _FLOAT32


def hardware_facts(cpu_info: Path = _CPU_INFO) -> HardwareFacts:
    """Asks Linux about the processor, and TensorFlow about the GPUs; initializes no device.

    Args:
        cpu_info: Linux's description of the processors.
    """
    # Not above: whoever only asks for the names need not wait for TensorFlow.
    import tensorflow as tf

    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    gpus = tuple(one.get("compute_capability") or (0, 0) for one in details)
    return HardwareFacts(_read_cpu_flags(cpu_info), gpus)


def network_kind(model: keras.Model) -> frozenset[str]:
    """Finds which convolutions a network has, in the models inside it, too.

    Returns:
        `CONVOLUTION`, `DEPTHWISE`, both or neither.
    """
    return frozenset(kind for layer in _walk(model) for kind in _kinds_of_layer(layer))


def computes_in_float16(model: keras.Model) -> bool:
    """Whether any layer does, also of the models inside it.

    The gradients of such a layer are lost below 6e-8, unless the loss is scaled up.
    """
    return any(getattr(layer, "compute_dtype", "") == "float16" for layer in _walk(model))


def _choose_for_gpu(capability: tuple[int, int]) -> str:
    if capability >= (8, 0):
        return _BFLOAT16
    return _FLOAT16 if capability >= (7, 0) else _FLOAT32


def _read_cpu_flags(path: Path) -> frozenset[str]:
    """The flags of the first processor; on one machine all have the same."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return frozenset()
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return frozenset(value.split())
    return frozenset()


def _walk(layer: Any) -> Iterator[Any]:
    """A layer, and all layers inside it: of a model, or of a wrapper such as TimeDistributed."""
    yield layer
    inner = getattr(layer, "layer", None)
    for each in (*getattr(layer, "layers", ()), *([] if inner is None else [inner])):
        yield from _walk(each)


def _kinds_of_layer(layer: Any) -> Iterator[str]:
    from keras import layers

    depthwise = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
    separable = (layers.SeparableConv1D, layers.SeparableConv2D)
    if isinstance(layer, (*depthwise, *separable)):
        yield DEPTHWISE
    elif isinstance(layer, (layers.Conv1D, layers.Conv2D, layers.Conv3D)):
        yield CONVOLUTION if layer.groups == 1 else DEPTHWISE
    elif isinstance(
        layer, (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
    ):
        yield CONVOLUTION
