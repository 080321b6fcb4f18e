"""Images that arrive in spans: which of them are used.

<root>/span-<N>/<class>/**                                     flat
<root>/span-<N>/{train,validation|val|eval,test}/<class>/**    pre-split

Each span is a data folder of its own, N a whole number that grows with time. A span is meant not to
change any more once it was ingested; one that does is ingested anew, and those after it. Hidden
files beside the spans do not count as found. TensorFlow is not needed here.
"""

import collections
import dataclasses
import os
import re
from collections.abc import Sequence

from components.errors import PipelineError
from components.ingestion.data_files import check_folder, is_left_behind
from components.ingestion.data_folder import ImageFolder, list_image_folder
from components.storage import list_files, list_subfolders
from components.text import quote_names

TREE = (
    "Expected <folder>/span-<N>/<class>/<images>, where N is a whole number of at most 18 digits "
    "that no other span has."
)
FEWEST_CLASSES = 1
"""What arrives in a while need not be of every class."""

# ML Metadata keeps the number in 64 bits.
_SPAN = re.compile(r"span-([0-9]{1,18})")
_NEARLY_A_SPAN = re.compile(r"span[-_ ]?[0-9]+", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, order=True, slots=True)
class Span:
    """The images of a while.

    Attributes:
        number: 0 or more, the higher the newer.
        folder: Their data folder.
    """

    number: int
    folder: str

    @property
    def name(self) -> str:
        """As steps, messages and figures have it: "span-3", also where the folder is "span-03"."""
        return f"span-{self.number}"


def find_spans(root: str, window: int = 0) -> tuple[Span, ...]:
    """Finds the spans of a data folder.

    Args:
        root: A local path or any that `tf.io.gfile` reads.
        window: How many of the newest spans are used; 0 for all.

    Returns:
        The spans used, the oldest first; none for a data folder without spans.

    Raises:
        PipelineError: The folder is missing, holds spans and something else, or one span twice; or
            it has no spans and there is a window, or names that were meant for spans.
    """
    check_folder(root)
    folders = [name for name in list_subfolders(root) if not is_left_behind(name)]
    found = {name: match for name in folders if (match := _SPAN.fullmatch(name))}
    if not found:
        _check_none_was_meant(root, folders, window)
        return ()
    _check_nothing_else(root, folders, list(found))
    spans = sorted(Span(int(match[1]), os.path.join(root, name)) for name, match in found.items())
    _check_once_each(root, spans)
    return tuple(spans[-window:])


def is_span(folder: str) -> bool:
    """Whether a data folder is named like a span of a larger one."""
    return bool(_SPAN.fullmatch(os.path.basename(folder.rstrip("/"))))


def list_data_folders(root: str, window: int = 0) -> list[ImageFolder]:
    """Lists everything that a run would ingest, which also checks it.

    Args:
        root: A data folder, with spans or without.
        window: As of `find_spans`.

    Returns:
        The folder of each span used, the oldest first; or the data folder itself.

    Raises:
        PipelineError: It is not a data folder.
    """
    spans = find_spans(root, window)
    if not spans:
        return [list_image_folder(root)]
    return [list_image_folder(span.folder, FEWEST_CLASSES) for span in spans]


def _check_none_was_meant(root: str, folders: Sequence[str], window: int) -> None:
    """Refuses to take spans for classes, whose model would tell when an image arrived."""
    if window or (folders and all(_NEARLY_A_SPAN.fullmatch(name) for name in folders)):
        raise PipelineError(
            "A data folder with spans, or with a window of them (ingest.window), must have folders "
            f"named span-<N>. Received: {root} with {quote_names(folders) or 'no folders'}. "
            f"{TREE} Rename the folders; or leave out ingest.window if they are classes."
        )


def _check_nothing_else(root: str, folders: Sequence[str], spans: Sequence[str]) -> None:
    others = [name for name in folders if name not in spans]
    # Hidden files are what file managers leave behind.
    others += [name for name in list_files(root) if not is_left_behind(name)]
    if others:
        raise PipelineError(
            "A data folder holds spans or classes, not both. Received: "
            f"{root} with {quote_names(spans)} beside {quote_names(others)}. "
            f"Move the latter away or into a span. {TREE}"
        )


def _check_once_each(root: str, spans: Sequence[Span]) -> None:
    folders = collections.defaultdict(list)
    for span in spans:
        folders[span.number].append(os.path.basename(span.folder))
    for names in folders.values():
        if len(names) > 1:
            raise PipelineError(
                f"Each span must have a number of its own. Received: {root} with "
                f"{quote_names(names)}. Rename all but one. {TREE}"
            )
