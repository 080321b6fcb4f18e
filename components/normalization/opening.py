"""Bytes -> an image that is not decoded yet -> upright pixels; or a refusal with its reason.

Pillow's decoders are called directly, not by `Image.open`: the format is known by then, so that no
other decoder sees the bytes, Pillow's own limit with its warnings does not come before ours, and
what the decoder has to complain about is not lost in "cannot identify image file".
"""

import contextlib
import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.WebPImagePlugin import WebPImageFile

from components.normalization.formats import (
    image_format,
    missing_bytes,
    unsupported_format,
    webp_size,
)
from components.normalization.jpeg import JpegPicture, decode_jpeg
from components.normalization.normalization_rules import MOST_MEGAPIXELS, REJECT, ImageRules
from components.normalization.orientation import stored_orientation, turn_upright
from components.normalization.pixels import LARGEST_OF_8_BITS, LOWER_BYTES, flatten
from components.normalization.png import PngPicture
from components.normalization.tiff import CameraRawError, open_tiff

EMPTY = "empty file"
NOT_AN_IMAGE = "not an image"
UNSUPPORTED = "unsupported format"
TOO_LARGE = "too large"
TOO_MUCH_MEMORY = "too much memory"
ANIMATION = "animation"
CAMERA_RAW = "camera raw"
_LONGEST_DETAIL = 200


class UnusableImageError(Exception):
    """A file cannot be used as an image.

    Attributes:
        reason: One of few, to be counted: a constant of this module, "broken <format>" or
            "unsupported <format>".
        detail: What exactly is the matter with this file; one line of printable characters.
    """

    def __init__(self, reason: str, detail: str):
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


def open_image(encoded: bytes, rules: ImageRules) -> Image.Image:
    """Reads the header of an image.

    No decoder of these formats needs more than one frame of an animation, so that a frame's size
    is all that counts.

    Args:
        encoded: A file.
        rules: How large it may be, and whether it may be an animation.

    Returns:
        Pillow's image, not decoded yet, whose `format` is Pillow's name, such as "JPEG"; `draft`
        and `load` may raise anything, and should be called within `refusals`.

    Raises:
        UnusableImageError: It is no image, or one that the rules exclude.
    """
    if not encoded:
        raise UnusableImageError(EMPTY, "0 bytes")
    name = image_format(encoded)
    if name is None:
        raise _not_an_image(encoded)
    if name == "webp":
        # Its decoder reserves memory for two canvases before it tells their size.
        _check_size(name, webp_size(encoded), rules)
    if name in ("avif", "heic") and (missing := missing_bytes(encoded)):
        raise UnusableImageError(f"broken {name}", f"cut off: {missing} bytes or more are missing")
    with refusals(name):
        image = _OPENERS[name](io.BytesIO(encoded))
        _check_size(name, image.size, rules)
        if rules.animations == REJECT and getattr(image, "is_animated", False):
            raise UnusableImageError(ANIMATION, f"{name} with more than one frame")
    return image


def decode_upright(image: Image.Image, rules: ImageRules) -> Image.Image:
    """Decodes the first frame, turns it upright and flattens it.

    Args:
        image: What `open_image` returned, also after `draft`.
        rules: What becomes of color and transparency.

    Returns:
        Mode L or RGB; may be the given image itself.

    Raises:
        UnusableImageError: The pixels are damaged.
    """
    with refusals(_name(image)):
        if isinstance(image, JpegPicture):
            if rules.channels == 1:
                # Its own luma is what TensorFlow takes; colors turned to gray differ by rounding.
                image.draft("L", image.size)
            pixels = decode_jpeg(image)
        else:
            image.load()
            pixels = image
        return turn_upright(flatten(pixels, rules), stored_orientation(image))


@contextlib.contextmanager
def refusals(name: str) -> Iterator[None]:
    """Turns what decoders raise into refusals, and keeps their warnings off the terminal.

    Args:
        name: Of the format.

    Raises:
        UnusableImageError: In place of any other exception.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except UnusableImageError:
            raise
        except MemoryError as error:
            raise UnusableImageError(TOO_MUCH_MEMORY, f"while decoding {name}") from error
        except Image.DecompressionBombError as error:
            # A frame beyond the canvas that a GIF states; Pillow's sentence names another limit.
            pixels = re.search("[0-9]+", str(error))
            megapixels = int(pixels[0]) / 1e6 if pixels else MOST_MEGAPIXELS
            detail = f"{megapixels:.1f} megapixels; at most {MOST_MEGAPIXELS:g}"
            raise UnusableImageError(TOO_LARGE, detail) from error
        except Exception as error:
            # OSError, ValueError, SyntaxError, struct.error, EOFError and more: Pillow's decoders
            # agree on none.
            detail = _detail(error)
            raise UnusableImageError(_reason(detail, name), detail) from error


def _open_heic(stream: io.BytesIO) -> Image.Image:
    # Not above: it loads libheif, which few data sets need.
    from pillow_heif import HeifImageFile

    return HeifImageFile(stream)  # type: ignore[no-untyped-call]


def _open_tiff(stream: io.BytesIO) -> Image.Image:
    try:
        return open_tiff(stream)
    except CameraRawError as error:
        raise UnusableImageError(UNSUPPORTED, CAMERA_RAW) from error


def _open_png(stream: io.BytesIO) -> Image.Image:
    image = PngPicture(stream)
    key = image.info.get("transparency")
    depth = stream.getvalue()[24]
    # Of the two bytes a sample only as many bits count as it has, and Pillow scales the samples of
    # gray to eight bits, but not the one that stands for transparency.
    largest = 2**depth - 1
    if isinstance(key, int) and image.mode == "L":
        image.info["transparency"] = (key & largest) * (LARGEST_OF_8_BITS // largest)
    elif isinstance(key, tuple):
        image.info["transparency"] = tuple(value & largest for value in key)
        if depth == 16:
            # Pillow keeps the higher bytes of colors. Read by the other order, it keeps the lower.
            lower = PngPicture(io.BytesIO(stream.getvalue()))
            lower.tile = [tile._replace(args="RGB;16L") for tile in lower.tile]
            image.info[LOWER_BYTES] = lower
    return image


_OPENERS: Mapping[str, Callable[[io.BytesIO], Image.Image]] = MappingProxyType(
    {
        "jpeg": JpegPicture,
        "png": _open_png,
        "gif": GifImageFile,
        "bmp": BmpImageFile,
        "webp": WebPImageFile,
        "tiff": _open_tiff,
        "avif": AvifImageFile,
        "heic": _open_heic,
    }
)


def _name(image: Image.Image) -> str:
    """Our name of an opened image's format."""
    return {"HEIF": "heic"}.get(image.format or "", (image.format or "image").lower())


def _not_an_image(encoded: bytes) -> UnusableImageError:
    unsupported = unsupported_format(encoded)
    if unsupported is not None:
        return UnusableImageError(UNSUPPORTED, unsupported)
    return UnusableImageError(NOT_AN_IMAGE, f"begins with {encoded[:12]!r}")


def _check_size(name: str, size: tuple[int, int] | None, rules: ImageRules) -> None:
    if size is None:
        return
    width, height = size
    if width < 1 or height < 1:
        raise UnusableImageError(f"broken {name}", f"{width}x{height} pixels")
    megapixels = width * height / 1e6
    if megapixels > rules.max_megapixels:
        detail = f"{width}x{height} pixels, {megapixels:.1f} megapixels"
        raise UnusableImageError(TOO_LARGE, f"{detail}; at most {rules.max_megapixels:g}")


def _reason(detail: str, name: str) -> str:
    said = detail.lower()
    if "security limit" in said:
        # libheif's; it looks at the header before we can.
        return TOO_LARGE
    if re.search("unsupported|not supported|cannot handle|unknown pixel mode", said):
        return f"unsupported {name}"
    return f"broken {name}"


def _detail(error: Exception) -> str:
    """What an exception says, in one short line."""
    said = " ".join(str(error).split()) or type(error).__name__
    if re.match("unpack|index out of range", said):
        return "its header is cut off"
    printable = "".join(character if character.isprintable() else "?" for character in said)
    return printable[:_LONGEST_DETAIL]
