"""Which files of a batch cannot be predicted: the part of the served graph that says so.

What a decoder raises does not say which file of the batch it was, and a graph has no try and
except. But a tf.data pipeline inside the graph can leave out what fails, and what is missing then
was broken. `tf.data.Dataset.get_single_element` documents such pipelines in served models.
"""

from collections.abc import Callable

import tensorflow as tf

from components.image_headers import NO_PROBLEM

_AT_ONCE = 10
"""Files that are looked at at the same time, as many as in `tf.map_fn`."""


Prepare = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
"""String [batch] of files -> string [batch] of what is made of them, and string [batch] of what
keeps a file from being used, empty where nothing does; raises if one of them is broken."""


def prepare_files(encoded: tf.Tensor, prepare: Prepare) -> tf.Tensor:
    """Prepares all files, or fails with an error that says which are broken or cannot be used.

    A file that is alone costs nothing more, and fails with the decoder's own reason. For a batch
    the pipeline takes a few milliseconds a call, whatever its size. A broken batch is decoded a
    second time, file by file.

    Args:
        encoded: string [batch], files.
        prepare: What is done with them.

    Returns:
        string [batch], what `prepare` makes of the files.

    Raises:
        tf.errors.InvalidArgumentError: When the graph runs: a file is damaged, or of a kind whose
            pixels a model would see otherwise than in training. The message has the places of all
            of them, counted from 0.
    """
    prepared, problems = tf.cond(
        tf.size(encoded) == 1,
        lambda: prepare(encoded),
        lambda: _prepare_batch(encoded, prepare),
    )
    with tf.control_dependencies([_assert_no_problems(problems)]):
        return tf.identity(prepared)


def _assert_no_problems(problems: tf.Tensor) -> tf.Operation:
    places = tf.reshape(tf.where(problems != NO_PROBLEM), [-1])
    named = tf.strings.join([tf.as_string(places), ": ", tf.gather(problems, places)])
    message = tf.strings.join(
        [
            "Each file must be one that this model sees as in training. Received: ",
            tf.strings.reduce_join(named, separator="; "),
            " (places in the batch, counted from 0). Convert them to plain PNG or JPEG before "
            "sending, as `pipeline.predict` does.",
        ]
    )
    return tf.debugging.Assert(tf.size(places) == 0, [message])


def _prepare_batch(encoded: tf.Tensor, prepare: Prepare) -> tuple[tf.Tensor, tf.Tensor]:
    whole = tf.data.Dataset.from_tensors(encoded).map(prepare).ignore_errors()
    nothing = tf.data.Dataset.from_tensors((tf.fill([0], ""),) * 2)
    prepared, problems = whole.concatenate(nothing).take(1).get_single_element()
    return tf.cond(
        tf.size(prepared) == tf.size(encoded),
        lambda: (prepared, problems),
        lambda: _name_broken(encoded, prepare),
    )


def _name_broken(encoded: tf.Tensor, prepare: Prepare) -> tuple[tf.Tensor, tf.Tensor]:
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


def _broken_places(encoded: tf.Tensor, prepare: Prepare) -> tf.Tensor:
    """int64 [broken], in their order."""
    count = tf.shape(encoded, tf.int64)[0]
    numbered = tf.data.Dataset.from_tensor_slices((tf.range(count), encoded))
    # What is prepared goes along: the graph would not compute what nobody takes.
    sound = numbered.map(
        lambda place, file: (place, prepare(file[tf.newaxis])[0][0]), num_parallel_calls=_AT_ONCE
    ).ignore_errors()
    # There is no batch of nothing: one more element, which is no place.
    end = tf.data.Dataset.from_tensors((count, ""))
    places, _ = sound.concatenate(end).batch(count + 1).get_single_element()
    return tf.sets.difference(tf.range(count)[tf.newaxis], places[tf.newaxis]).values
