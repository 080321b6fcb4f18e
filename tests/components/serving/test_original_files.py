"""Files as clients have them, sent to `serving_default` of an exported model."""

import io
import pathlib
import struct
import zlib
from collections.abc import Iterator

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from components import features, images
from components.normalization.normalization_rules import REJECT, ImageRules
from components.normalization.normalize import normalize
from components.normalization.opening import UnusableImageError
from components.serving.signatures import export_model
from tests.components.serving.exported_model import CLASS_NAMES, Ask, open_in_session
from tests.components.transform_graph import write_transform_graph
from tests.exif_files import ORIENTATIONS_OF_HEADERS
from tests.image_files import VARIANTS, make_exif, make_image, save_image
from tests.shared_data import shared_data

BACKGROUND = "#336699"
SIZE = (4, 4)
REFUSED = "Each file must be one that this model sees as in training. Received: 0: "


class Pixels(keras.layers.Layer):  # type: ignore[misc]
    """Its "probabilities" are the pixels that the model is given."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.reshape(tf.cast(inputs, tf.float32), [tf.shape(inputs)[0], -1])


def export(folder, rules: ImageRules):
    """A model whose answers are its 4x4 pixels, one value a class."""
    shape = features.ImageShape(*SIZE, rules.channels)
    names = [*CLASS_NAMES, *(f"value {n}" for n in range(16 * rules.channels - len(CLASS_NAMES)))]
    transform = write_transform_graph(folder / "graph", shape, tuple(names))
    model = keras.Sequential([keras.Input(shape.dimensions), Pixels()])
    export_model(model, transform, shape, str(folder / "model"), rules)
    return folder / "model"


@pytest.fixture(scope="module", params=[1, 3], ids=["gray", "color"])
def served(request, tmp_path_factory) -> Iterator[tuple[Ask, ImageRules]]:
    rules = ImageRules(request.param, background=BACKGROUND)
    with open_in_session(export(tmp_path_factory.mktemp("served"), rules)) as ask:
        yield ask, rules


def values(ask: Ask, encoded: bytes) -> np.ndarray | str:
    """The pixels that the model was given, or why it was given none."""
    try:
        return np.asarray(ask([encoded])["probabilities"][0])
    except tf.errors.InvalidArgumentError as error:
        return images.first_line(error)


def trained_values(encoded: bytes, rules: ImageRules) -> np.ndarray | str:
    """The pixels that training sees of a file, or why it is not trained on."""
    try:
        made = normalize(encoded, rules, lambda one: images.decodes_alike(one, rules.channels))
    except UnusableImageError as error:
        return str(error)
    pixels = images.decode(made.encoded, rules.channels)
    return images.resize(pixels, *SIZE, "bilinear").numpy().ravel()


def seen_by_people(encoded: bytes, channels: int) -> np.ndarray:
    """By Pillow alone: the first frame, upright, on the background."""
    opened = Image.open(io.BytesIO(encoded))
    orientation = opened.getexif().get(0x0112, 1)
    frame = opened.convert("RGBA" if opened.has_transparency_data else "RGB")
    canvas = Image.new("RGBA", frame.size, BACKGROUND)
    canvas.alpha_composite(frame.convert("RGBA"))
    exif = Image.Exif()
    exif[0x0112] = orientation
    canvas.getexif().load(exif.tobytes())
    upright = ImageOps.exif_transpose(canvas).convert("RGB" if channels == 3 else "L")
    pixels = np.asarray(upright).reshape(upright.height, upright.width, channels)
    return images.resize(tf.constant(pixels), *SIZE, "bilinear").numpy().ravel()


def png(color_type: int, depth: int, rows: list[bytes], *chunks: bytes, size=(2, 2)) -> bytes:
    """A PNG by the letter of its specification; no writer of Pillow makes those of 16 bits."""
    head = struct.pack(">IIBBBBB", *size, depth, color_type, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    body = [chunk(b"IHDR", head), *chunks, chunk(b"IDAT", data), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def words(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}H", *numbers)


LONG_ORIENTATION = (
    b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x0112, 4, 1, 6) + bytes(4)
)
XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
SIXTEEN_BITS = [words(65535, 0, 0, 40000, 0, 65535, 0, 80), words(9, 9, 9, 0, 1, 2, 3, 65535)]
ORIENTED = {
    f"{kind} {number}": save_image(make_image(mode), kind, exif=make_exif(number), **options)
    for kind, mode, options in (
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "L", {}),
        ("WEBP", "RGB", {"lossless": True}),
        ("WEBP", "RGBA", {"lossless": True}),
        ("JPEG", "RGB", {}),
    )
    for number in range(1, 9)
}
MADE = {
    **{name: make() for name, make in VARIANTS.items()},
    **ORIENTED,
    "png rgba 16": png(6, 16, SIXTEEN_BITS),
    "png gray alpha 16": png(4, 16, [words(65535, 300, 0, 40000), words(9, 0, 1, 65535)]),
    "png key 16": png(
        2,
        16,
        [words(256, 0, 0, 257, 0, 0), words(1, 2, 3, 4, 5, 6)],
        chunk(b"tRNS", words(256, 0, 0)),
    ),
    "png gray key of 2 bits": png(0, 2, [b"\x10", b"\xb0"], chunk(b"tRNS", words(1))),
    "png gray key of 1 bit": png(0, 1, [b"\x40", b"\x80"], chunk(b"tRNS", words(1))),
    "jpeg xmp": save_image(make_image(), "JPEG", xmp=XMP),
    "jpeg long": save_image(make_image(), "JPEG", exif=LONG_ORIENTATION),
    "bmp one bit": save_image(make_image("1"), "BMP"),
    "gif partial": b"GIF89a\4\0\4\0\x80\0\0"
    + b"\xff\0\0\0\xff\0"
    + b",\0\0\0\0\2\0\2\0\0\2\2\x44\x01\0;",
    # A JFIF header that is cut off is all that Pillow refuses of the one that is left out.
    **{
        f"jpeg {name}": header
        for name, (header, _) in ORIENTATIONS_OF_HEADERS.items()
        if name != "after other segments"
    },
}


@pytest.mark.parametrize("name", sorted(MADE))
def test_other_pixels_than_in_training_are_never_served(served, name: str) -> None:
    """Fault B1: `serving_default` predicted on other pixels than training and `predict`."""
    ask, rules = served
    found, expected = values(ask, MADE[name]), trained_values(MADE[name], rules)
    if isinstance(found, str):
        return
    assert not isinstance(expected, str), f"served, but: {expected}"
    # Of lossy WebP, two versions of libwebp decode; everything else is exact.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1 if name == "webp exif 6" else 0)


@pytest.mark.parametrize("name", [*ORIENTED, *(n for n in MADE if n.startswith("png"))])
def test_transparent_and_turned_files_are_seen_as_people_see_them(served, name: str) -> None:
    """Fault B1: PNGs are laid on the background and turned, WebPs are turned, in the graph."""
    ask, rules = served
    is_webp = name.startswith("WEBP")
    found = values(ask, MADE[name])
    if is_webp and (rules.channels == 1 or isinstance(found, str)):
        assert REFUSED in found
        return
    if "16" in name or "key of" in name:
        # Pillow's own reading of these is what `components.normalization` mends.
        return
    np.testing.assert_allclose(found, seen_by_people(MADE[name], rules.channels), 0, 1)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("gif transparent", "a transparent GIF"),
        ("gif partial", "a transparent GIF"),
        ("bmp palette", "a BMP that is not plain 24-bit or gray"),
        ("bmp alpha", "a BMP that is not plain 24-bit or gray"),
        ("webp alpha", "a transparent WebP"),
        ("webp animated", "an animated WebP"),
        ("jpeg xmp", "a JPEG of unclear orientation"),
        ("jpeg long", "a JPEG of unclear orientation"),
        ("tiff", "something other than JPEG, PNG, GIF, BMP, WebP"),
    ],
)
def test_what_the_graph_cannot_do_is_refused_by_name_and_place(served, name, kind) -> None:
    """Fault B1: kinds that TensorFlow reads otherwise are named, with their places."""
    ask, rules = served
    if rules.channels == 1 and not name.startswith("jpeg"):
        kind = "something other than JPEG, PNG"
    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
        ask([MADE["png"], MADE[name], MADE["png alpha"], MADE[name]])
    assert f"Received: 1: {kind}; 3: {kind} (places in the batch" in str(raised.value)


@pytest.mark.parametrize("folder", ["faults", "hostile_files"])
def test_files_of_others(served, folder: str) -> None:
    """Fault B1: of every file that others made, the served pixels are those of training."""
    ask, rules = served
    answered = 0
    for path in sorted(shared_data(folder).iterdir()):
        if path.suffix == ".npy" or path.stat().st_size > 2_000_000 or "bomb" in path.name:
            continue
        found = values(ask, path.read_bytes())
        if isinstance(found, str):
            continue
        answered += 1
        expected = trained_values(path.read_bytes(), rules)
        # No decoder in a graph tells that coded data end early before an end marker.
        if path.name == "jpeg_half.jpg":
            continue
        np.testing.assert_array_equal(found, expected, path.name)
    assert answered > (3 if folder == "faults" else 20)


def test_served_pixels_are_those_that_other_readers_see(tmp_path: pathlib.Path) -> None:
    """Fault B1: of files whose right pixels others recorded, on white, these are served."""
    answered = set()
    with open_in_session(export(tmp_path, ImageRules(3, background="#ffffff"))) as ask:
        for recorded in sorted(shared_data("faults").glob("*.npy")):
            found = values(ask, recorded.with_suffix("").read_bytes())
            if isinstance(found, str):
                continue
            answered.add(recorded.stem)
            right = images.resize(tf.constant(np.load(recorded)), *SIZE, "bilinear").numpy()
            np.testing.assert_array_equal(found, right.ravel(), recorded.stem)
    # The others are BMPs and TIFFs that TensorFlow cannot decode.
    assert answered == {
        "png_plain_saturated.png",
        "png_rgb16_trns_key.png",
        "png_srgb_saturated.png",
    }


@pytest.mark.parametrize("name", sorted(MADE))
def test_what_is_trained_on_as_it_is_is_served(served, name: str) -> None:
    """Fault B1: a record that holds a file as it was found is a file that a client may send."""
    ask, rules = served
    encoded = MADE[name]
    try:
        made = normalize(encoded, rules, lambda one: images.decodes_alike(one, rules.channels))
    except UnusableImageError:
        return
    assert not isinstance(values(ask, made.encoded), str)


def test_animations_are_refused_where_training_refused_them(tmp_path) -> None:
    """Fault B1: with `image.animations reject`, no animation is answered by its first frame."""
    rules = ImageRules(3, animations=REJECT)
    with open_in_session(export(tmp_path, rules)) as ask:
        assert f"{REFUSED}an animated PNG" in str(values(ask, MADE["apng"]))
        assert f"{REFUSED}an animated GIF" in str(values(ask, MADE["gif animated"]))
        assert not isinstance(values(ask, MADE["gif"]), str)
        assert not isinstance(values(ask, MADE["png"]), str)
