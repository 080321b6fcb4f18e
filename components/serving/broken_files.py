"""Which files of a batch are broken: the part of the served graph that says so.

What a decoder raises does not say which file of the batch it was, and a graph has no try and
except. But a tf.data pipeline inside the graph can leave out what fails, and what is missing then
was broken. `tf.data.Dataset.get_single_element` documents such pipelines in served models.
"""

from collections.abc import Callable

import tensorflow as tf

from components import images

_AT_ONCE = 10
"""Files that are looked at at the same time, as many as in `tf.map_fn`."""


def prepare_files(
    encoded: tf.Tensor, channels: int, prepare: Callable[[tf.Tensor], tf.Tensor]
) -> tf.Tensor:
    """Prepares all files, or fails with an error that says which are broken.

    A file that is alone costs nothing more, and fails with the decoder's own reason. For a batch
    the pipeline takes a few milliseconds a call, whatever its size. A broken batch is decoded a
    second time, file by file.

    Args:
        encoded: string [batch], files.
        channels: Of the pixels that the model takes, 1 or 3.
        prepare: string [batch] of files -> string [batch]; raises if one of them is broken.

    Returns:
        string [batch], what `prepare` makes of the files.

    Raises:
        tf.errors.InvalidArgumentError: When the graph runs: a file is of another format, or
            damaged. The message has the places of all of them, counted from 0.
    """
    with tf.control_dependencies([_assert_formats(encoded, channels)]):
        checked = tf.identity(encoded)
    return tf.cond(
        tf.size(checked) == 1,
        lambda: prepare(checked),
        lambda: _prepare_batch(checked, prepare),
    )


def _assert_formats(encoded: tf.Tensor, channels: int) -> tf.Operation:
    is_known = images.has_known_header(encoded, channels)
    accepted = ", ".join(images.DECODED_FORMATS[channels])
    message = tf.strings.format(
        f"Each file must be of a format that this model decodes: {accepted}. Received: something "
        "else as images {} of the batch, counted from 0. Convert them before sending.",
        tf.reshape(tf.where(~is_known), [-1]),
        summarize=-1,
    )
    return tf.debugging.Assert(tf.reduce_all(is_known), [message])


def _prepare_batch(encoded: tf.Tensor, prepare: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
    whole = tf.data.Dataset.from_tensors(encoded).map(prepare).ignore_errors()
    nothing = tf.data.Dataset.from_tensors(tf.fill([0], ""))
    prepared = whole.concatenate(nothing).take(1).get_single_element()
    return tf.cond(
        tf.size(prepared) == tf.size(encoded),
        lambda: prepared,
        lambda: _name_broken(encoded, prepare),
    )


def _name_broken(encoded: tf.Tensor, prepare: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
    broken = _broken_places(encoded, prepare)
    message = tf.strings.format(
        "Each file must be undamaged. Received: images {} of the batch, counted from 0, which "
        "cannot be decoded. Send the others without them.",
        broken,
        summarize=-1,
    )
    with tf.control_dependencies([tf.debugging.Assert(tf.size(broken) == 0, [message])]):
        # Each is sound alone, so it was something else; that speaks for itself.
        return prepare(tf.identity(encoded))


def _broken_places(encoded: tf.Tensor, prepare: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
    """int64 [broken], in their order."""
    count = tf.shape(encoded, tf.int64)[0]
    numbered = tf.data.Dataset.from_tensor_slices((tf.range(count), encoded))
    # What is prepared goes along: the graph would not compute what nobody takes.
    sound = numbered.map(
        lambda place, file: (place, prepare(file[tf.newaxis])[0]), num_parallel_calls=_AT_ONCE
    ).ignore_errors()
    # There is no batch of nothing: one more element, which is no place.
    end = tf.data.Dataset.from_tensors((count, ""))
    places, _ = sound.concatenate(end).batch(count + 1).get_single_element()
    return tf.sets.difference(tf.range(count)[tf.newaxis], places[tf.newaxis]).values
