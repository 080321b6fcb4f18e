"""Which numbers a network computes in, by hardware and network."""

import pathlib

import keras
import pytest

from components.training.precision import (
    CONVOLUTION,
    DEPTHWISE,
    HardwareFacts,
    choose_policy,
    hardware_facts,
    network_kind,
)

layers = keras.layers
AMX = HardwareFacts(frozenset({"avx512_bf16", "amx_bf16"}))
AVX512 = HardwareFacts(frozenset({"avx512_bf16"}))
ORDINARY = frozenset({CONVOLUTION})
SEPARABLE = frozenset({CONVOLUTION, DEPTHWISE})
DENSE: frozenset[str] = frozenset()


def gpus(*capabilities: tuple[int, int]) -> HardwareFacts:
    return HardwareFacts(AMX.cpu_flags, capabilities)


@pytest.mark.parametrize(
    ("facts", "kinds", "expected"),
    [
        (AMX, ORDINARY, "mixed_bfloat16"),
        (AMX, SEPARABLE, "float32"),
        (AMX, DENSE, "float32"),
        (AVX512, ORDINARY, "float32"),
        (HardwareFacts(), ORDINARY, "float32"),
        (gpus((8, 0)), ORDINARY, "mixed_bfloat16"),
        (gpus((9, 0)), SEPARABLE, "mixed_bfloat16"),
        (gpus((7, 5)), DENSE, "mixed_float16"),
        (gpus((7, 0)), ORDINARY, "mixed_float16"),
        (gpus((6, 1)), ORDINARY, "float32"),
        (gpus((9, 0), (7, 5)), ORDINARY, "mixed_float16"),
        (gpus((0, 0)), ORDINARY, "float32"),
    ],
)
def test_auto(facts: HardwareFacts, kinds: frozenset[str], expected: str) -> None:
    assert choose_policy("auto", facts, kinds) == expected


@pytest.mark.parametrize(
    ("requested", "expected"),
    [("float32", "float32"), ("bfloat16", "mixed_bfloat16"), ("float16", "mixed_float16")],
)
@pytest.mark.parametrize("facts", [HardwareFacts(), AMX, gpus((8, 0))])
def test_obeys_a_request(requested: str, expected: str, facts: HardwareFacts) -> None:
    assert choose_policy(requested, facts, SEPARABLE) == expected
    assert keras.DTypePolicy(expected).variable_dtype == "float32"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("processor\t: 0\nflags\t\t: fpu amx_bf16\n\nflags\t\t: other\n", {"fpu", "amx_bf16"}),
        ("processor\t: 0\nFeatures\t: fp asimd bf16\n", set()),
        ("", set()),
    ],
)
def test_reads_the_flags(content: str, expected: set[str], tmp_path: pathlib.Path) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(content)
    assert hardware_facts(path).cpu_flags == expected


def test_without_linux_there_are_no_flags(tmp_path: pathlib.Path) -> None:
    assert hardware_facts(tmp_path / "missing").cpu_flags == frozenset()


def test_reads_the_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    import tensorflow as tf

    details = {"new": {"compute_capability": (9, 0)}, "other": {}}
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [*details])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", details.__getitem__)
    assert hardware_facts(tmp_path / "missing").gpus == ((9, 0), (0, 0))


def network(*inner: keras.layers.Layer, shape: tuple[int, ...] = (8, 8, 4)) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *inner])


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (network(layers.Flatten(), layers.Dense(2)), set()),
        (network(layers.Conv2D(2, 3)), {CONVOLUTION}),
        (network(layers.Conv2DTranspose(2, 3)), {CONVOLUTION}),
        (network(layers.DepthwiseConv2D(3)), {DEPTHWISE}),
        (network(layers.SeparableConv2D(2, 3)), {DEPTHWISE}),
        (network(layers.Conv2D(4, 3, groups=2)), {DEPTHWISE}),
        (network(layers.Conv2D(2, 1), layers.DepthwiseConv2D(3)), {CONVOLUTION, DEPTHWISE}),
        (network(network(network(layers.DepthwiseConv2D(3)))), {DEPTHWISE}),
        (network(layers.TimeDistributed(layers.Conv2D(2, 3)), shape=(2, 8, 8, 4)), {CONVOLUTION}),
    ],
)
def test_kind_of_a_network(model: keras.Model, expected: set[str]) -> None:
    assert network_kind(model) == expected


def test_kind_of_mobilenet() -> None:
    base = keras.applications.MobileNetV2((32, 32, 3), include_top=False, weights=None, alpha=0.35)
    assert network_kind(network(base, shape=(32, 32, 3))) == {CONVOLUTION, DEPTHWISE}
