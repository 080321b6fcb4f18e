import collections
import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageCms, ImageOps

from components import images
from components.normalization import orientation
from components.normalization.normalization_rules import ImageRules
from components.normalization.normalize import normalize
from components.normalization.opening import decode_upright, open_image
from components.normalization.orientation import is_plain_jpeg
from tests.exif_files import JPEG, ORIENTATIONS_OF_HEADERS
from tests.image_files import VARIANTS, encode_image, make_exif, make_image, make_pixels, save_image
from tests.shared_data import shared_data

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


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("number", range(1, 9))
def test_a_jpeg_is_turned_upright(call, number, channels):
    mode = {1: "L", 3: "RGB"}[channels]
    encoded = save_image(make_image(mode), "JPEG", exif=make_exif(number))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(encoded)))
    expected = np.asarray(upright).reshape(upright.height, upright.width, channels)
    np.testing.assert_array_equal(call(_decoder(channels), encoded), expected)


def test_jpeg_pixels_are_exact(call):
    encoded = encode_image((64, 48), seed=1, format="JPEG")
    expected = np.asarray(Image.open(io.BytesIO(encoded)))
    np.testing.assert_array_equal(call(_decoder(3), encoded), expected)


@pytest.fixture(scope="module")
def orientations_in_a_graph():
    """Orientations of many files at once, inside of a loop, as Transform and serving read them."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def read(files):
        return tf.map_fn(images.jpeg_orientation, files, fn_output_signature=tf.int32)

    return lambda files: read(tf.constant(files)).numpy().tolist()


def test_the_orientation_in_every_header(orientations_in_a_graph):
    headers = [header for header, _ in ORIENTATIONS_OF_HEADERS.values()]
    found = dict(zip(ORIENTATIONS_OF_HEADERS, orientations_in_a_graph(headers), strict=True))
    assert found == {name: expected for name, (_, expected) in ORIENTATIONS_OF_HEADERS.items()}


def _mutations(count):
    """Headers of which some bytes were changed, left out or put in, or that were cut off."""
    random = np.random.RandomState(7)
    headers = [header for header, _ in ORIENTATIONS_OF_HEADERS.values() if len(header) < 2000]
    for _ in range(count):
        header = bytearray(headers[random.randint(len(headers))])
        for _ in range(random.randint(1, 4)):
            place = random.randint(2, max(3, min(len(header), 120)))
            values = random.choice([0, 1, 3, 6, 8, 0x12, 0xE1, 0xFF, random.randint(256)], 2)
            if kind := random.randint(4):
                header[place : place + (0, 2, 0, 1)[kind]] = bytes(values.astype(np.uint8))
            else:
                del header[place : place + random.randint(1, 4)]
        yield bytes(header) if random.randint(8) else bytes(header[: random.randint(3, 120)])


def test_the_graph_and_python_read_the_same_of_damaged_headers(orientations_in_a_graph):
    headers = list(_mutations(2000))
    expected = [orientation.jpeg_orientation(header) for header in headers]
    assert orientations_in_a_graph(headers) == expected
    assert len(set(expected)) == 8


@pytest.mark.parametrize("name", sorted(ORIENTATIONS_OF_HEADERS))
def test_no_exif_keeps_a_jpeg_from_being_decoded(name):
    header, number = ORIENTATIONS_OF_HEADERS[name]
    if not header.endswith(JPEG[-100:]):
        return
    try:
        plain = tf.io.decode_jpeg(header, dct_method="INTEGER_ACCURATE").numpy()
    except tf.errors.InvalidArgumentError:
        return
    upright = orientation.turn_upright(Image.fromarray(plain), number)
    np.testing.assert_array_equal(images.decode(header, 3), np.asarray(upright))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_knows_what_it_decodes(name, channels):
    for encoded in (VARIANTS[name](), VARIANTS[name]()[:-30], VARIANTS[name]()[:25]):
        assert images.decodes(encoded, channels) == _is_decoded(encoded, channels)


@pytest.mark.parametrize("encoded", [b"", b"text", b"\xff\xd8\xff"])
def test_knows_what_is_no_image(encoded):
    assert not images.decodes(encoded, 3)


def _is_decoded(encoded, channels):
    try:
        images.decode(encoded, channels)
    except tf.errors.OpError:
        return False
    return True


def test_knows_which_damaged_jpegs_it_decodes():
    """Reading an eighth of the pixels tells as much as reading all, and Pillow tells less."""
    random = np.random.RandomState(11)
    full = tf.function(
        lambda encoded: tf.shape(images.decode(encoded, 3)),
        input_signature=[tf.TensorSpec([], tf.string)],
    )
    outcomes = collections.Counter()
    photos = [save_image(make_image(size=(90, 70)), "JPEG", progressive=on) for on in (0, 1)]
    for _ in range(600):
        damaged = bytearray(photos[random.randint(2)])
        for _ in range(random.randint(1, 5)):
            damaged[random.randint(3, len(damaged))] = random.randint(256)
        outcomes[images.decodes(bytes(damaged), 3), _succeeds(full, bytes(damaged))] += 1
    assert outcomes.keys() == {(True, True), (False, False)}
    assert min(outcomes.values()) > 50


def _succeeds(function, encoded):
    try:
        function(tf.constant(encoded))
    except tf.errors.OpError:
        return False
    return True


def test_photos_are_decoded_exactly_as_pillow_decodes_them():
    rules = ImageRules(3)
    for path in sorted(shared_data("cats_dogs/validation").rglob("*.jpg"))[:20]:
        encoded = path.read_bytes()
        upright = decode_upright(open_image(encoded, rules), rules)
        np.testing.assert_array_equal(images.decode(encoded, 3), np.asarray(upright))


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


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "BMP", "WebP"])
def test_decoded_formats_are_those_that_are_decoded(channels, name):
    encoded = encode_image(format=name.upper(), mode="L" if name == "GIF" else "RGB")
    assert images.decodes(encoded, channels) is (name in images.DECODED_FORMATS[channels])


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


SATURATED = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (12, 34, 250), (90, 90, 90))
# Of 299, 587 and 114 thousandths, ITU-R BT.601.
LUMA_OF_SATURATED = [76, 150, 29, 226, 52, 90]
# PNG, third edition, 11.3.2.
COLOR_CHUNKS = {
    "none": b"",
    "sRGB": _chunk(b"sRGB", b"\0"),
    "gAMA 1": _chunk(b"gAMA", struct.pack(">I", 100_000)),
    "gAMA 1/2.2": _chunk(b"gAMA", struct.pack(">I", 45_455)),
    "cHRM": _chunk(
        b"cHRM", struct.pack(">8I", 31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000)
    ),
    "gAMA and cHRM": _chunk(b"gAMA", struct.pack(">I", 55_556))
    + _chunk(
        b"cHRM", struct.pack(">8I", 31_270, 32_900, 73_470, 26_530, 11_520, 82_640, 15_660, 1_770)
    ),
    "iCCP": _chunk(
        b"iCCP",
        b"sRGB\0\0"
        + zlib.compress(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
    ),
}
PIXELS_OF_TYPE = {
    "RGB": (8, 2, b"", b"".join(map(bytes, SATURATED))),
    "RGB of 16 bits": (16, 2, b"", b"".join(bytes([v]) * 2 for c in SATURATED for v in c)),
    "palette": (8, 3, _chunk(b"PLTE", b"".join(map(bytes, SATURATED))), bytes(range(6))),
    "RGB with alpha": (8, 6, b"", b"".join(bytes((*color, 255)) for color in SATURATED)),
}


@pytest.mark.parametrize("chunks", sorted(COLOR_CHUNKS))
@pytest.mark.parametrize("kind", sorted(PIXELS_OF_TYPE))
def test_the_gray_of_a_png_does_not_depend_on_chunks_about_colors(call, kind, chunks):
    """Fault C3: libpng took them into account where it made gray, and ingestion did not."""
    depth, color_type, palette, pixels = PIXELS_OF_TYPE[kind]
    encoded = b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", 6, 1, depth, color_type, 0, 0, 0)),
            COLOR_CHUNKS[chunks],
            palette,
            _chunk(b"IDAT", zlib.compress(b"\0" + pixels)),
            _chunk(b"IEND", b""),
        ]
    )
    assert call(_decoder(1), encoded)[0, :, 0].tolist() == LUMA_OF_SATURATED
    normalized = normalize(encoded, ImageRules(1)).encoded
    assert call(_decoder(1), normalized)[0, :, 0].tolist() == LUMA_OF_SATURATED


@pytest.mark.parametrize("name", ["png_plain_saturated.png", "png_srgb_saturated.png"])
def test_gray_of_saturated_colors(call, name):
    """Fault C3, on files of outsiders with the colors that they must become."""
    file = shared_data(f"faults/{name}")
    colors = np.load(file.with_name(f"{name}.npy")).astype(float)
    decoded = call(_decoder(1), file.read_bytes())[..., 0]
    np.testing.assert_allclose(decoded, colors @ [0.299, 0.587, 0.114], rtol=0, atol=0.51)


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_said_to_be_plain_without_a_graph_is_plain(channels: int) -> None:
    """Thousands of photos of cameras are not read once more for it; of others the graph decides."""
    files = {name: encoded for name, (encoded, _) in ORIENTATIONS_OF_HEADERS.items()}
    files |= {name: encode() for name, encode in VARIANTS.items() if "jpeg" in name}
    photo = save_image(make_image(size=(16, 8)), "JPEG", exif=make_exif(6))
    for cut in range(2, len(photo), 3):
        files[f"cut at {cut}"] = photo[:cut]
        files[f"changed at {cut}"] = photo[:cut] + bytes([photo[cut] ^ 0x41]) + photo[cut + 1 :]
    said = {name for name, encoded in files.items() if is_plain_jpeg(encoded)}
    assert {"none", "little 6", "big 8"} <= said
    for name in said:
        # Those that no decoder takes are rejected before anybody asks.
        if images.decodes(files[name], channels):
            assert images.is_plain(files[name], channels), name
