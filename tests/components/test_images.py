import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components import images
from tests.image_files import encode_image, make_pixels

RESIZE_METHODS = [
    "area",
    "bicubic",
    "bilinear",
    "gaussian",
    "lanczos3",
    "lanczos5",
    "mitchellcubic",
    "nearest",
]


def _eagerly(function, value):
    return function(tf.constant(value)).numpy()


def _in_tf_data(function, value):
    dataset = tf.data.Dataset.from_tensors(value).map(function)
    return next(dataset.as_numpy_iterator())


@pytest.fixture(params=[_eagerly, _in_tf_data], ids=["eagerly", "in tf.data"])
def call(request):
    """Calls a function on one value, as ingestion does and as training and serving do."""
    return request.param


def _row(*pixels):
    return np.array(pixels, np.uint8).reshape(1, len(pixels), 1)


def _decoder(channels):
    return lambda encoded: images.decode(encoded, channels)


def _resizer(height, width, method):
    return lambda pixels: images.resize(pixels, height, width, method)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_decodes_png_as_it_is_stored(call, mode):
    pixels = make_pixels((5, 3), seed=1, mode=mode)
    decoded = call(_decoder(0), encode_image((5, 3), seed=1, mode=mode))
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, pixels.reshape(3, 5, -1))


def test_decodes_bmp_as_it_is_stored(call):
    decoded = call(_decoder(3), encode_image((5, 3), seed=1, format="BMP"))
    np.testing.assert_array_equal(decoded, make_pixels((5, 3), seed=1))


@pytest.mark.parametrize(
    ("format", "tolerance"), [("PNG", 0), ("BMP", 0), ("GIF", 0), ("JPEG", 0), ("WEBP", 3)]
)
def test_decodes_one_color_of_every_format(call, format, tolerance):
    decoded = call(_decoder(3), encode_image((8, 4), color=(200, 100, 50), format=format))
    assert decoded.shape == (4, 8, 3)
    np.testing.assert_allclose(decoded, np.full((4, 8, 3), [200, 100, 50]), rtol=0, atol=tolerance)


def test_decodes_gray_to_rgb(call):
    decoded = call(_decoder(3), encode_image((2, 2), color=77, mode="L"))
    np.testing.assert_array_equal(decoded, np.full((2, 2, 3), 77))


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_decodes_rgb_to_gray(call, format):
    decoded = call(_decoder(1), encode_image((8, 8), color=(200, 100, 50), format=format))
    np.testing.assert_array_equal(decoded, np.full((8, 8, 1), 124))


def test_drops_alpha(call):
    decoded = call(_decoder(3), encode_image((5, 3), seed=1, mode="RGBA"))
    np.testing.assert_array_equal(decoded, make_pixels((5, 3), seed=1, mode="RGBA")[..., :3])


def test_decodes_the_first_frame_of_an_animation(call):
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "lime", "blue")]
    stream = io.BytesIO()
    frames[0].save(stream, format="GIF", save_all=True, append_images=frames[1:])
    decoded = call(_decoder(3), stream.getvalue())
    np.testing.assert_array_equal(decoded, np.full((4, 4, 3), [255, 0, 0]))


def test_the_number_of_channels_is_known_while_a_graph_is_traced():
    dataset = tf.data.Dataset.from_tensors(encode_image()).map(_decoder(3))
    assert dataset.element_spec == tf.TensorSpec([None, None, 3], tf.uint8)


def test_refuses_bytes_that_are_no_image(call):
    with pytest.raises(tf.errors.InvalidArgumentError, match="Unknown image file format"):
        call(_decoder(3), b"text")


@pytest.mark.parametrize(
    ("pixels", "width", "method", "expected"),
    [
        # Without smoothing, bilinear would pick two of every eight pixels.
        ((0, 255, 0, 255, 0, 255, 0, 255), 2, "bilinear", (118, 137)),
        ((255, 0, 0, 0, 0, 0, 0, 0), 2, "bilinear", (46, 0)),
        ((0, 255, 0, 255), 2, "area", (128, 128)),
        ((1, 2, 3, 4), 2, "area", (2, 4)),
        ((0, 255), 4, "bilinear", (0, 64, 191, 255)),
        ((10, 20, 30, 40), 2, "nearest", (20, 40)),
        # Bicubic overshoots at an edge: to 273 and -18, which must not become 17 and 238.
        ((0, 0, 255, 255), 8, "bicubic", (0, 0, 0, 52, 203, 255, 255, 255)),
    ],
)
def test_resizes_a_row(call, pixels, width, method, expected):
    resized = call(_resizer(1, width, method), _row(*pixels))
    assert resized.dtype == np.uint8
    np.testing.assert_array_equal(resized, _row(*expected))


@pytest.mark.parametrize("method", RESIZE_METHODS)
@pytest.mark.parametrize(("height", "width"), [(3, 5), (32, 16)])
def test_resizing_one_color_keeps_it(call, method, height, width):
    resized = call(_resizer(height, width, method), make_pixels((10, 9), color=(255, 100, 1)))
    np.testing.assert_array_equal(resized, np.full((height, width, 3), [255, 100, 1]))


def test_resizing_to_the_same_size_changes_nothing(call):
    pixels = make_pixels((6, 4), seed=2)
    np.testing.assert_array_equal(call(_resizer(4, 6, "bilinear"), pixels), pixels)


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_survive_packing(call, channels):
    pixels = make_pixels((5, 4), seed=3)[..., :channels]
    unpacked = call(
        lambda value: images.deserialize(images.serialize(value), (4, 5, channels)), pixels
    )
    np.testing.assert_array_equal(unpacked, pixels)


def test_packed_pixels_are_of_known_shape_while_a_graph_is_traced():
    packed = images.serialize(tf.constant(make_pixels((5, 4))))
    dataset = tf.data.Dataset.from_tensors(packed).map(
        lambda value: images.deserialize(value, (4, 5, 3))
    )
    assert dataset.element_spec == tf.TensorSpec([4, 5, 3], tf.uint8)


def test_packing_costs_little_more_than_a_byte_a_value():
    packed = images.serialize(tf.constant(make_pixels((28, 28), mode="L")[..., None])).numpy()
    assert 784 < len(packed) < 784 + 30


def test_unpacking_refuses_another_shape(call):
    packed = images.serialize(tf.constant(make_pixels((5, 4)))).numpy()
    with pytest.raises(tf.errors.InvalidArgumentError, match="not compatible"):
        call(lambda value: images.deserialize(value, (5, 4, 3)), packed)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Cut off.", "Cut off."),
        ("Cut off.\n\t[[node decode]] [Op:Decode]", "Cut off."),
        ("{{function_node a}} Cut off. [Op:DecodeImage]", "Cut off."),
        ("Graph execution error:\n\nDetected at node decode\nCut off.\n\t [[a]]", "Cut off."),
        ("x" * 300, "x" * 200),
        ("", "NotFoundError"),
    ],
)
def test_first_line(message, expected):
    assert images.first_line(tf.errors.NotFoundError(None, None, message)) == expected
