"""Images for tests: small, made on the spot, and the same in every run.

The bytes of BMP files depend on nothing but these arguments; those of the other formats also on
the version of the library that compresses them. Golden digests and splits therefore need BMP.
"""

import io
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image

SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "GIF": ".gif", "BMP": ".bmp", "WEBP": ".webp"}


def make_pixels(
    size: tuple[int, int] = (8, 8), seed: int = 0, color: Any = None, mode: str = "RGB"
) -> np.ndarray:
    """Pixels of one color, or noise that depends on the seed alone.

    Args:
        size: (width, height), as Pillow has it.
        seed: Different seeds give different images.
        color: One number (mode L) or one for each channel; None for noise.
        mode: Pillow's: L, LA, RGB or RGBA.

    Returns:
        uint8 [height, width] for mode L, else [height, width, channels].
    """
    width, height = size
    channels = len(Image.new(mode, (1, 1)).getbands())
    shape = (height, width) if channels == 1 else (height, width, channels)
    if color is None:
        # RandomState's numbers are the same in every version of NumPy; default_rng's may change.
        noise = np.random.RandomState(seed).bytes(int(np.prod(shape)))
        return np.frombuffer(noise, dtype=np.uint8).reshape(shape)
    return np.broadcast_to(np.uint8(color), shape).copy()


def encode_image(
    size: tuple[int, int] = (8, 8),
    seed: int = 0,
    color: Any = None,
    mode: str = "RGB",
    format: str = "PNG",
) -> bytes:
    """The bytes of an image file; arguments as of `make_pixels`, and a format of Pillow."""
    stream = io.BytesIO()
    Image.fromarray(make_pixels(size, seed, color, mode)).save(stream, format=format)
    return stream.getvalue()


def write_image(path: pathlib.Path | str, **options: Any) -> pathlib.Path:
    """Writes one image and the folders above it; the options are those of `encode_image`."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_image(**options))
    return path


def make_image_folder(
    root: pathlib.Path | str, counts: Mapping[str, int], first_seed: int = 0, **options: Any
) -> pathlib.Path:
    """Writes `<root>/<class>/<number>.png`, every image different from every other.

    Args:
        root: Made if it is not there.
        counts: Number of images by class; a key such as "train/cat" makes a pre-split folder.
        first_seed: Of the first image; the others count on from it.
        options: Those of `encode_image`; `format` also decides the suffix.

    Returns:
        The root.
    """
    root = pathlib.Path(root)
    suffix = SUFFIXES[options.get("format", "PNG")]
    seed = first_seed
    for folder, count in counts.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            write_image(root / folder / f"{number:04}{suffix}", seed=seed, **options)
            seed += 1
    return root


def save_image(image: Image.Image, format: str, **options: Any) -> bytes:
    """The bytes of a file of Pillow's image; the options are those of Pillow's `save`."""
    stream = io.BytesIO()
    image.save(stream, format=format, **options)
    return stream.getvalue()


def make_exif(orientation: int) -> Image.Exif:
    """Exif with an orientation, 1 to 8, between two other tags."""
    exif = Image.Exif()
    exif[0x010F] = "maker"
    exif[0x0112] = orientation
    exif[0x0131] = "program"
    return exif


def make_image(mode: str = "RGB", size: tuple[int, int] = (21, 13)) -> Image.Image:
    """A picture that is not the same in any two of its eight orientations.

    Args:
        mode: One of Pillow's of eight bits, or "I;16", "I;16B" or "F".
        size: (width, height) in pixels.
    """
    width, height = size
    rows, columns = np.mgrid[0:height, 0:width]
    ramp = (columns * 180 // width + rows * 60 // height).astype(np.uint8)
    if mode.startswith("I;16"):
        order = ">u2" if mode == "I;16B" else "<u2"
        return Image.frombytes(mode, size, ((ramp.astype(np.uint16) << 8) + 7).astype(order))
    if mode == "F":
        return Image.fromarray((ramp / 255).astype(np.float32))
    bands = [Image.fromarray(ramp), Image.fromarray(ramp[::-1]), Image.fromarray(ramp[:, ::-1])]
    image = Image.merge("RGB", bands)
    alpha = Image.fromarray((255 - ramp).astype(np.uint8))
    if mode in ("LA", "RGBA"):
        image = image.convert(mode)
        image.putalpha(alpha)
    if mode == "P":
        return image.quantize(16)
    return image if mode in ("RGB", "RGBA", "LA") else image.convert(mode)


def _heic(mode: str = "RGB", **options: Any) -> bytes:
    # Not above: few tests need libheif.
    from pillow_heif import from_pillow

    stream = io.BytesIO()
    from_pillow(make_image(mode, (64, 48))).save(stream, **options)
    return stream.getvalue()


def _apng() -> bytes:
    frames = [make_image(), make_image().transpose(Image.Transpose.ROTATE_180)]
    return save_image(frames[0], "PNG", save_all=True, append_images=frames[1:])


def _animation(format: str, mode: str = "RGB") -> bytes:
    frames = [make_image(mode), make_image(mode).transpose(Image.Transpose.ROTATE_180)]
    return save_image(frames[0], format, save_all=True, append_images=frames[1:])


def _file(format: str, mode: str = "RGB", **options: Any) -> Callable[[], bytes]:
    return lambda: save_image(make_image(mode), format, **options)


VARIANTS: Mapping[str, Callable[[], bytes]] = {
    "jpeg": _file("JPEG"),
    "jpeg progressive": _file("JPEG", progressive=True),
    "jpeg cmyk": _file("JPEG", "CMYK"),
    "jpeg gray": _file("JPEG", "L"),
    **{f"jpeg exif {n}": _file("JPEG", exif=make_exif(n)) for n in range(1, 9)},
    "png": _file("PNG"),
    "png gray": _file("PNG", "L"),
    "png one bit": _file("PNG", "1"),
    "png 16 bit": _file("PNG", "I;16"),
    "png palette": _file("PNG", "P"),
    "png palette transparent": _file("PNG", "P", transparency=3),
    "png palette alpha": _file("PNG", "P", transparency=bytes(range(0, 160, 10))),
    "png alpha": _file("PNG", "RGBA"),
    "png gray alpha": _file("PNG", "LA"),
    "png rgb key": _file("PNG", transparency=(0, 55, 171)),
    "png gray key": _file("PNG", "L", transparency=60),
    "png 16 bit key": _file("PNG", "I;16", transparency=7),
    "png exif 6": _file("PNG", exif=make_exif(6)),
    "apng": _apng,
    "gif": _file("GIF", "P"),
    "gif gray": _file("GIF", "L"),
    "gif transparent": _file("GIF", "P", transparency=3),
    "gif animated": lambda: _animation("GIF", "P"),
    "bmp": _file("BMP"),
    "bmp gray": _file("BMP", "L"),
    "bmp palette": _file("BMP", "P"),
    "bmp alpha": _file("BMP", "RGBA"),
    "webp": _file("WEBP"),
    "webp lossless": _file("WEBP", lossless=True),
    "webp alpha": _file("WEBP", "RGBA", lossless=True),
    "webp animated": lambda: _animation("WEBP"),
    "webp exif 6": _file("WEBP", exif=make_exif(6)),
    "tiff": _file("TIFF"),
    "tiff compressed": _file("TIFF", compression="tiff_lzw"),
    "tiff 16 bit": _file("TIFF", "I;16"),
    "tiff 16 bit big endian": _file("TIFF", "I;16B"),
    "tiff float": _file("TIFF", "F"),
    "tiff cmyk": _file("TIFF", "CMYK"),
    "tiff alpha": _file("TIFF", "RGBA"),
    "tiff pages": lambda: _animation("TIFF"),
    "tiff orientation 6": _file("TIFF", tiffinfo={0x0112: 6}),
    "avif": _file("AVIF"),
    "avif alpha": _file("AVIF", "RGBA"),
    "avif rotated": _file("AVIF", exif=make_exif(6)),
    "avif animated": lambda: _animation("AVIF"),
    "heic": _heic,
    "heic alpha": lambda: _heic("RGBA"),
    "heic rotated": lambda: _heic(exif=make_exif(6).tobytes()),
}
"""A small file of every kind that photos come as, by name."""
