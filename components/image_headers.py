"""What stands in an image file besides its pixels, read in a graph: in training and in serving.

TensorFlow's decoders know nothing of orientations, and little of transparency. Who asks a served
model sends files as they are, so that the graph itself must see where TensorFlow would decode other
pixels than `components.normalization` makes of a file. What it cannot read with certainty, it says
is a problem: an answer about other pixels looks like any other answer.
"""

from typing import NamedTuple

import tensorflow as tf

from components.normalization.orientation import HEADER_BYTES, MOST_SEGMENTS, UPRIGHT

NO_PROBLEM = ""
TRANSPARENT, ANIMATED, ROTATED = "transparent", "animated", "of unclear orientation"
_NOT_SAID, _UNCLEAR = 0, -1
"""In place of an orientation: there is none; or, like any negative one, not all readers see it."""
_EXIF = tuple(b"Exif\0\0")
_XMP_THAT_TURNS = r'tiff:Orientation(?:="|>)[2-8]'
_EXIF_OR_XMP = rf"Exif\x00\x00|{_XMP_THAT_TURNS}"
_TEXT_THAT_MAY_TURN = r"Raw profile type exif|XML:com\.adobe\.xmp"
_MAY_TURN_PNG = rf"eXIf|{_TEXT_THAT_MAY_TURN}"
_XMP_IN_PNG = r"iTXtXML:com\.adobe\.xmp\x00\x00"
_SEGMENT_START = 4 + len(_EXIF)
_ORIENTATION_TAG = 0x0112
_ENTRY_BYTES = 12
_SHORT = 3
_BEGINNINGS = [int.from_bytes(word, "big") for word in (b"II", b"MM", b"Ex")]
# By the number of the kind in TIFF; 0 for those that Pillow skips.
_BYTES_OF_KINDS = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 0)
_SOS, _ADOBE_MARKER, _CMYK_CHANNELS = 0xDA, 0xEE, 4
_ADOBE = tuple(b"Adobe")
_PALETTE_BYTES = 1024
_MOST_BLOCKS = 4096


class Header(NamedTuple):
    """What one file says.

    Attributes:
        problem: What it is that TensorFlow does not decode as people see it, such as "a
            transparent GIF"; empty if nothing is. string scalar.
        orientation: In which the decoded pixels lie, 1 to 8; int32 scalar.
        is_transparent: Whether pixels may be transparent; bool scalar.
    """

    problem: tf.Tensor
    orientation: tf.Tensor
    is_transparent: tf.Tensor


class _Segments(NamedTuple):
    """The segments of a JPEG in front of its pixels; scalars, int32 but for the last two."""

    position: tf.Tensor
    exif_start: tf.Tensor
    exif_end: tf.Tensor
    exifs: tf.Tensor
    channels: tf.Tensor
    has_adobe: tf.Tensor
    is_whole: tf.Tensor


def plain_header(problem: tf.Tensor | str) -> Header:
    """Of a file that is upright and opaque, or has a problem."""
    return Header(tf.convert_to_tensor(problem), tf.constant(UPRIGHT), tf.constant(False))


def jpeg_orientation(encoded: tf.Tensor) -> tf.Tensor:
    """Reads the orientation in the Exif of a JPEG, in a graph.

    `components.normalization.orientation.jpeg_orientation` says the rules, and finds the same.

    Args:
        encoded: string scalar, a JPEG file.

    Returns:
        int32 scalar, 1 to 8; 1 for anything that is not as it should be.
    """
    header = tf.io.decode_raw(tf.strings.substr(encoded, 0, HEADER_BYTES), tf.uint8)
    start, end = _find_exif(header)
    return tf.cond(
        start < end,
        lambda: tf.maximum(tf.abs(_read_orientation(header[start:end])), UPRIGHT),
        lambda: tf.constant(UPRIGHT),
    )


def contains(encoded: tf.Tensor, pattern: str) -> tf.Tensor:
    """Whether a pattern of ASCII stands anywhere in a file: bool scalar."""
    # Any bytes, this, any bytes.
    return tf.strings.regex_full_match(encoded, rf"(?s)\C*(?:{pattern})\C*")


def read_jpeg(encoded: tf.Tensor, channels: int) -> Header:
    """Reads a JPEG, string scalar, whose pixels `components.images.decode` turns upright itself.

    Args:
        encoded: The file.
        channels: Of the pixels that the model takes, 1 or 3.
    """
    head = tf.strings.substr(encoded, 0, HEADER_BYTES)
    # To read the segments one by one takes longer than to decode a small image.
    is_short = tf.strings.length(encoded) <= HEADER_BYTES
    is_plain = tf.cond(
        is_short & ~contains(head, _EXIF_OR_XMP),
        lambda: tf.io.extract_jpeg_shape(encoded)[2] != _CMYK_CHANNELS,
        lambda: tf.constant(False),
    )
    problem = tf.cond(
        is_plain, lambda: tf.constant(NO_PROBLEM), lambda: _jpeg_problem(encoded, channels)
    )
    return plain_header(problem)


def read_png(encoded: tf.Tensor, rejects_animations: bool) -> Header:
    """Reads a PNG, string scalar."""
    color_type = _bytes_at(tf.io.decode_raw(tf.strings.substr(encoded, 25, 1), tf.uint8), 0, 1)[0]
    orientation, has_key = tf.cond(
        # Once over the whole file, which costs a tenth of decoding it.
        contains(encoded, rf"tRNS|{_MAY_TURN_PNG}"),
        lambda: (_png_orientation(encoded), contains(encoded, "tRNS")),
        lambda: (tf.constant(UPRIGHT), tf.constant(False)),
    )
    is_transparent = (color_type & 4 > 0) | has_key
    is_animated = contains(encoded, "acTL") if rejects_animations else tf.constant(False)
    problem = _first(
        (is_animated, f"an {ANIMATED} PNG"), (orientation < UPRIGHT, f"a PNG {ROTATED}")
    )
    return Header(problem, orientation, is_transparent)


def read_gif(encoded: tf.Tensor, rejects_animations: bool) -> Header:
    """Reads a GIF, string scalar; TensorFlow makes black of what its first frame leaves out."""
    data = tf.io.decode_raw(tf.strings.substr(encoded, 0, HEADER_BYTES), tf.uint8)
    place, is_transparent = _find_first_frame(data)
    canvas = _bytes_at(data, 6, 4)
    frame = _bytes_at(data, place + 1, 8)
    is_found = _bytes_at(data, place, 1)[0] == 0x2C
    is_partial = tf.reduce_any(frame != tf.concat([tf.zeros(4, tf.int32), canvas], 0))
    is_animated = (
        tf.shape(tf.io.decode_gif(encoded))[0] > 1 if rejects_animations else tf.constant(False)
    )
    problem = _first(
        (~is_found, "a GIF with a long header"),
        (is_transparent | is_partial, f"a {TRANSPARENT} GIF"),
        (is_animated, f"an {ANIMATED} GIF"),
    )
    return plain_header(problem)


def read_bmp(encoded: tf.Tensor) -> Header:
    """Reads a BMP, string scalar; TensorFlow takes the numbers of a palette's entries for gray."""
    data = tf.io.decode_raw(tf.strings.substr(encoded, 0, 256 + _PALETTE_BYTES), tf.uint8)
    head = _bytes_at(data, 0, 54)
    size, compression, colors = (_number(head[at : at + 4][::-1]) for at in (14, 30, 46))
    bits = _number(head[28:30][::-1])
    is_known = tf.reduce_any(size == [40, 52, 56, 64, 108, 124]) & (compression == 0)
    palette = tf.reshape(
        _bytes_at(data, 14 + tf.where(is_known, size, 0), _PALETTE_BYTES), [256, 4]
    )
    is_gray = tf.reduce_all(palette[:, :3] == tf.range(256)[:, tf.newaxis])
    is_gray &= (bits == 8) & ((colors == 0) | (colors == 256))
    return plain_header(
        _first((~(is_known & ((bits == 24) | is_gray)), "a BMP that is not plain 24-bit or gray"))
    )


def read_webp(encoded: tf.Tensor) -> Header:
    """Reads a WebP, string scalar."""
    data = tf.io.decode_raw(tf.strings.substr(encoded, 0, 32), tf.uint8)
    head = _bytes_at(data, 0, 32)
    is_lossless, is_extended = (
        tf.reduce_all(head[12:16] == tuple(kind)) for kind in (b"VP8L", b"VP8X")
    )
    flags = tf.where(is_extended, head[20], 0)
    orientation = tf.cond(
        is_extended, lambda: _webp_orientation(encoded, flags), lambda: tf.constant(UPRIGHT)
    )
    is_transparent = (is_lossless & (head[24] & 0x10 > 0)) | (flags & 0x10 > 0)
    problem = _first(
        (flags & 0x02 > 0, f"an {ANIMATED} WebP"),
        (is_transparent, f"a {TRANSPARENT} WebP"),
        (orientation < UPRIGHT, f"a WebP {ROTATED}"),
    )
    return Header(problem, orientation, tf.constant(False))


def _first(*problems: tuple[tf.Tensor, str]) -> tf.Tensor:
    """The first that there is, string scalar."""
    found = tf.constant(NO_PROBLEM)
    for is_there, problem in reversed(problems):
        found = tf.where(is_there, problem, found)
    return found


def _jpeg_problem(encoded: tf.Tensor, channels: int) -> tf.Tensor:
    data = tf.io.decode_raw(encoded, tf.uint8)
    found = _read_segments(data)
    exif = data[found.exif_start : found.exif_end]
    in_exif = tf.cond(
        found.exifs == 1, lambda: _read_orientation(exif), lambda: tf.constant(_NOT_SAID)
    )
    header = tf.strings.substr(encoded, 0, found.position)
    said = tf.cond(
        found.is_whole,
        lambda: tf.where(found.exifs < 2, _or_in_xmp(in_exif, header), _UNCLEAR),
        # Among junk there is nothing to be unclear about where nothing is said.
        lambda: tf.where(contains(encoded, _EXIF_OR_XMP), _UNCLEAR, UPRIGHT),
    )
    is_cmyk = found.channels == _CMYK_CHANNELS
    is_inverted = found.has_adobe if channels == 3 else tf.constant(False)
    return _first(
        (is_cmyk & ~is_inverted, "a CMYK JPEG"),
        (said != jpeg_orientation(encoded), f"a JPEG {ROTATED}"),
    )


def _or_in_xmp(orientation: tf.Tensor, encoded: tf.Tensor) -> tf.Tensor:
    """What Exif says, if it says something; else upright, or unclear if there is XMP that turns."""
    return tf.cond(
        orientation == _NOT_SAID,
        lambda: tf.where(contains(encoded, _XMP_THAT_TURNS), _UNCLEAR, UPRIGHT),
        lambda: orientation,
    )


def _png_orientation(encoded: tf.Tensor) -> tf.Tensor:
    in_exif = _orientation_behind(encoded, "eXIf", length_at=-8, is_big=True)
    # Text may be compressed, or of numbers in hexadecimal digits.
    others = tf.strings.regex_replace(encoded, _XMP_IN_PNG, "")
    is_unclear = (in_exif == _NOT_SAID) & contains(others, _TEXT_THAT_MAY_TURN)
    return tf.where(is_unclear, _UNCLEAR, _or_in_xmp(in_exif, encoded))


def _webp_orientation(encoded: tf.Tensor, flags: tf.Tensor) -> tf.Tensor:
    in_exif = _orientation_behind(encoded, "EXIF", length_at=0, is_big=False)
    has_exif, has_xmp = flags & 0x08 > 0, flags & 0x04 > 0
    said = _or_in_xmp(tf.where(has_exif, in_exif, _NOT_SAID), encoded)
    # What no flag announces is not there for all readers.
    return tf.where(
        (in_exif > UPRIGHT) & ~has_exif, _UNCLEAR, tf.where(has_xmp | has_exif, said, 1)
    )


def _orientation_behind(encoded: tf.Tensor, name: str, length_at: int, is_big: bool) -> tf.Tensor:
    """The orientation in the chunk of a name; `length_at` is counted from the name's end."""
    behind = tf.strings.regex_replace(encoded, rf"(?s)\A\C*?{name}", "", replace_global=False)

    def read() -> tf.Tensor:
        end = tf.strings.length(encoded) - tf.strings.length(behind)
        stated = tf.strings.substr(encoded, tf.maximum(end + length_at, 0), 4)
        length = _number(
            _ordered(_bytes_at(tf.io.decode_raw(stated, tf.uint8), 0, 4), tf.constant(is_big))
        )
        start = tf.minimum(max(length_at + 4, 0), tf.strings.length(behind))
        exif = tf.strings.substr(behind, start, tf.maximum(length, 0))
        exif = tf.strings.regex_replace(exif, r"\A(?:Exif\x00\x00)+", "")
        return _read_orientation(tf.io.decode_raw(exif, tf.uint8))

    is_there = tf.strings.length(behind) < tf.strings.length(encoded)
    found = tf.cond(is_there, read, lambda: tf.constant(_NOT_SAID))
    return tf.where(contains(behind, name) & is_there, _UNCLEAR, found)


def _find_first_frame(data: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Where the first frame of a GIF is described, and whether it has a transparent color."""
    flags = _bytes_at(data, 10, 1)[0]
    table = tf.where(flags & 0x80 > 0, 3 * tf.bitwise.left_shift(2, flags & 7), 0)

    def is_searching(
        place: tf.Tensor, is_inside: tf.Tensor, is_transparent: tf.Tensor
    ) -> tf.Tensor:
        return is_inside | (_bytes_at(data, place, 1)[0] == 0x21)

    def step(place: tf.Tensor, is_inside: tf.Tensor, is_transparent: tf.Tensor) -> list[tf.Tensor]:
        window = _bytes_at(data, place, 4)
        is_control = ~is_inside & (window[1] == 0xF9) & (window[3] & 1 > 0)
        # An extension has a mark and a kind, then blocks with their sizes, the last one of none.
        following = tf.where(is_inside, place + 1 + window[0], place + 2)
        is_last = is_inside & ((window[0] == 0) | (following > tf.size(data)))
        return [following, ~is_last, is_transparent | is_control]

    place, _, is_transparent = tf.while_loop(
        is_searching,
        step,
        [13 + table, tf.constant(False), tf.constant(False)],
        maximum_iterations=_MOST_BLOCKS,
    )
    return place, is_transparent


def _read_segments(data: tf.Tensor) -> _Segments:
    """Reads all segments of a JPEG, uint8 [bytes], as far as its pixels."""
    size = tf.size(data)

    def is_reading(*state: tf.Tensor) -> tf.Tensor:
        found = _Segments(*state)
        return ~found.is_whole & (found.position >= 0)

    def step(*state: tf.Tensor) -> list[tf.Tensor]:
        before = _Segments(*state)
        window = _bytes_at(data, before.position, _SEGMENT_START)
        marker, length = window[1], window[2] * 256 + window[3]
        is_marker = (window[0] == 0xFF) & (before.position + 4 <= size)
        is_segment = is_marker & (length >= 2) & _has_length(marker)
        is_exif = is_segment & (marker == 0xE1) & tf.reduce_all(window[4:] == _EXIF)
        is_exif &= length >= _SEGMENT_START - 2
        is_adobe = is_segment & (marker == _ADOBE_MARKER) & tf.reduce_all(window[4:9] == _ADOBE)
        is_frame = is_segment & (marker < 0xD0) & tf.reduce_all(marker != [0xC4, 0xC8, 0xCC])
        is_fill = is_marker & (marker == 0xFF)
        is_last = is_marker & (marker == _SOS)
        after = tf.minimum(before.position + 2 + length, size)
        following = tf.where(is_fill, before.position + 1, before.position + 2 + length)
        goes_on = is_fill | is_segment
        return [
            tf.where(is_last, before.position, tf.where(goes_on, following, -1)),
            tf.where(is_exif, tf.minimum(before.position + _SEGMENT_START, after), before[1]),
            tf.where(is_exif, after, before.exif_end),
            before.exifs + tf.cast(is_exif, tf.int32),
            tf.where(is_frame, window[9], before.channels),
            before.has_adobe | is_adobe,
            is_last,
        ]

    nothing, no = tf.constant(0), tf.constant(False)
    start = _Segments(tf.constant(2), nothing, nothing, nothing, nothing, no, no)
    return _Segments(*tf.while_loop(is_reading, step, list(start), maximum_iterations=_MOST_BLOCKS))


def _has_length(marker: tf.Tensor) -> tf.Tensor:
    """Whether a marker of a JPEG begins a segment that all decoders step over alike."""
    is_frame_or_table = (marker >= 0xC0) & (marker < 0xD0) & (marker != 0xC8)
    is_application = (marker >= 0xE0) & (marker < 0xF0)
    return is_frame_or_table | is_application | tf.reduce_any(marker == [0xDB, 0xDC, 0xDD, 0xFE])


def _find_exif(header: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Start and end of the TIFF structure in the first Exif segment; equal if there is none.

    Args:
        header: uint8 [bytes], a JPEG's beginning.

    Returns:
        Two int32 scalars.
    """
    size = tf.size(header)

    def is_searching(position: tf.Tensor, start: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
        return position >= 0

    def step(position: tf.Tensor, start: tf.Tensor, end: tf.Tensor) -> list[tf.Tensor]:
        window = _bytes_at(header, position, _SEGMENT_START)
        marker, length = window[1], window[2] * 256 + window[3]
        is_fill = marker == 0xFF
        is_segment = (length >= 2) & (((marker >= 0xE0) & (marker < 0xF0)) | (marker == 0xFE))
        goes_on = (window[0] == 0xFF) & (is_fill | is_segment) & (position + 4 <= size)
        after = tf.minimum(position + 2 + length, size)
        is_exif = goes_on & (marker == 0xE1) & tf.reduce_all(window[4:] == _EXIF)
        is_exif &= length >= _SEGMENT_START - 2
        following = tf.where(is_fill, position + 1, position + 2 + length)
        return [
            tf.where(goes_on & ~is_exif, following, -1),
            tf.where(is_exif, tf.minimum(position + _SEGMENT_START, after), start),
            tf.where(is_exif, after, end),
        ]

    nothing = tf.constant(0)
    _, start, end = tf.while_loop(
        is_searching, step, [tf.constant(2), nothing, nothing], maximum_iterations=MOST_SEGMENTS
    )
    return start, end


def _read_orientation(tiff: tf.Tensor) -> tf.Tensor:
    """The first directory of a TIFF structure, uint8 [bytes] -> its orientation, int32 scalar.

    Returns:
        1 to 8, `_NOT_SAID`, or the negative of what some readers see and some do not.
    """
    size = tf.size(tiff)
    head = _bytes_at(tiff, 0, 8)
    is_little = tf.reduce_all(head[:4] == tuple(b"II*\0"))
    is_big = tf.reduce_all(head[:4] == tuple(b"MM\0*"))
    offset = _number(_ordered(head[4:8], is_big))
    is_whole = (is_little | is_big) & (size >= 8)
    is_valid = is_whole & (offset >= 0) & (offset <= size - 2)
    directory = tf.where(is_valid, offset, 0)
    claimed = _number(_ordered(_bytes_at(tiff, directory, 2), is_big))
    entries = tf.minimum(claimed, (size - directory - 2) // _ENTRY_BYTES)
    entries = tf.where(is_valid, tf.maximum(entries, 0), 0)
    first = directory + 2
    table = tf.reshape(tiff[first : first + entries * _ENTRY_BYTES], [-1, _ENTRY_BYTES])
    # An entry of zeros at the end, so that there always is one.
    table = tf.pad(tf.cast(table, tf.int32), [[0, 1], [0, 0]])
    # There are variants that some readers know.
    is_variant = ~is_whole & tf.reduce_any(_number(head[:2]) == _BEGINNINGS)
    return tf.where(is_variant, _UNCLEAR, _orientation_in(table, is_big, size))


def _orientation_in(table: tf.Tensor, is_big: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """The orientation among the entries of a directory, int32 [entries, 12]."""
    tags, kinds = (_number(_ordered(table[:, at : at + 2], is_big)) for at in (0, 2))
    is_orientation = tags == _ORIENTATION_TAG
    place = tf.argmax(tf.cast(is_orientation, tf.int32), output_type=tf.int32)
    # Pillow reads no further where the data of an entry are cut off.
    counts, offsets = (
        tf.cast(_number(_ordered(table[:, at : at + 4], is_big)), tf.int64) % 2**32 for at in (4, 8)
    )
    lengths = counts * tf.gather(tf.constant(_BYTES_OF_KINDS, tf.int64), tf.minimum(kinds, 17))
    is_cut = (lengths > 4) & (offsets + lengths > tf.cast(size, tf.int64))
    found = tf.math.count_nonzero(is_orientation)
    is_one = (found == 1) & ~tf.reduce_any(is_cut[:place])
    read = _orientation_of_entry(table[place], is_big)
    return tf.where(found == 0, _NOT_SAID, tf.where(is_one, read, -tf.abs(read)))


def _orientation_of_entry(entry: tf.Tensor, is_big: tf.Tensor) -> tf.Tensor:
    """The value of an orientation's entry, int32 [12]."""
    kind, value = (_number(_ordered(entry[start : start + 2], is_big)) for start in (2, 8))
    is_one_short = (kind == _SHORT) & (_number(_ordered(entry[4:8], is_big)) == 1)
    # 0 and 9 are said, so that nobody looks elsewhere; they mean nothing.
    known = tf.where((value >= 1) & (value <= 8), value, UPRIGHT)
    return tf.where(is_one_short, known, _UNCLEAR)


def _bytes_at(data: tf.Tensor, position: tf.Tensor, count: int) -> tf.Tensor:
    """Bytes as int32 [count]; zeros behind the end."""
    found = tf.cast(data[position : position + count], tf.int32)
    return tf.reshape(tf.pad(found, [[0, count - tf.size(found)]]), [count])


def _ordered(data: tf.Tensor, is_big: tf.Tensor) -> tf.Tensor:
    """Bytes, int32 [..., count], with the highest first."""
    return tf.where(is_big, data, data[..., ::-1])


def _number(data: tf.Tensor) -> tf.Tensor:
    """int32 [..., count] of bytes, highest first -> int32 [...], negative from 2**31 on."""
    count = data.shape[-1]
    return tf.reduce_sum(tf.bitwise.left_shift(data, [*range(8 * (count - 1), -1, -8)]), axis=-1)
