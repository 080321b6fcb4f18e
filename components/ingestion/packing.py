"""Elements -> fewer, larger ones.

An element costs Beam 20 to 50 microseconds wherever it is grouped or waits for another step, most
of it for coding and decoding; and Beam's runner in one process keeps what it hands from step to
step until the end. So images travel by the thousand, as compressed bytes: as objects they take ten
times the memory. Within a step, where nothing is coded, they go in lists.
"""

import collections
import pickle
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

MOST_WAITING = 4096
"""Values that one worker gathers at most before it hands them on."""
_CODEC = "zstd"
_SIZE = struct.Struct("<Q")


def pack(values: Any) -> bytes:
    """Makes one element of many values: their size, and what zstd makes of them.

    Two microseconds an image, for a third to a half of the memory; zlib takes ten.
    """
    pickled = pickle.dumps(values, pickle.HIGHEST_PROTOCOL)
    compressed: bytes = pa.compress(pickled, codec=_CODEC, asbytes=True)
    return _SIZE.pack(len(pickled)) + compressed


def unpack(packed: bytes) -> Any:
    """The values that `pack` was given."""
    [size] = _SIZE.unpack_from(packed)
    compressed = memoryview(packed)[_SIZE.size :]
    return pickle.loads(pa.decompress(compressed, size, codec=_CODEC))


def unpack_all(several: Iterable[bytes]) -> Iterator[Any]:
    """The values of several elements, one after the other."""
    for packed in several:
        yield from unpack(packed)


def part_of(sha256: str, parts: int) -> int:
    """The part, 0 to `parts` - 1, of an image: by its digest, and not as its split is chosen.

    Of more parts, each lies in one of fewer, but for those at its ends.
    """
    return int(sha256[:8], 16) * parts >> 32


def windowed(output: Any) -> Any:
    """An output of `finish_bundle`, which must name its window: all are in the same."""
    if isinstance(output, beam.pvalue.TaggedOutput):
        return beam.pvalue.TaggedOutput(output.tag, windowed(output.value))
    return GlobalWindows.windowed_value_at_end_of_window(output)


class Gather(beam.DoFn):
    """Turns lists of values into (key, packed values).

    A key may come several times, a value comes once.
    """

    def __init__(self, key: Callable[[Any], Any]):
        """Takes what tells the key of a value; the keys should be few."""
        super().__init__()
        self._key = key

    def start_bundle(self) -> None:
        """Forgets the values of the bundle before."""
        self._waiting: dict[Any, list[Any]] = collections.defaultdict(list)
        self._count = 0

    def process(self, values: Sequence[Any]) -> Iterator[tuple[Any, bytes]]:
        """Takes some values, and yields all of them now and then."""
        for value in values:
            self._waiting[self._key(value)].append(value)
        self._count += len(values)
        if self._count >= MOST_WAITING:
            yield from self._pack()
            self.start_bundle()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Yields the rest."""
        yield from map(windowed, self._pack())

    def _pack(self) -> Iterator[tuple[Any, bytes]]:
        return ((key, pack(values)) for key, values in self._waiting.items())


class GatherAll(beam.PTransform):
    """Turns single values into packed values, in any order."""

    def expand(self, values: beam.PCollection) -> beam.PCollection:
        """Takes anything that can be pickled."""
        return (
            values
            | "Listed" >> beam.Map(lambda value: [value])
            | "Gather" >> beam.ParDo(Gather(lambda _: None))
            | "Packed" >> beam.Values()
        )


class ApplyToAll(beam.PTransform):
    """Calls a function once, with a list of all values in any order, also if there is none.

    It takes Beam a third of the time that a list made by `beam.combiners.ToList` takes, which is
    what a folder of a few thousand images is waited for.
    """

    def __init__(self, function: Callable[[list[Any]], Any]):
        """Takes what is called, on one worker, and whose result is the only one."""
        super().__init__()
        self._function = function

    def expand(self, values: beam.PCollection) -> beam.PCollection:
        """Takes values of any type, few enough for the memory of a worker."""
        return (
            values.pipeline
            | "Once" >> beam.Create([None], reshuffle=False)
            | "Apply"
            >> beam.Map(lambda _, every: self._function(list(every)), beam.pvalue.AsIter(values))
        )
