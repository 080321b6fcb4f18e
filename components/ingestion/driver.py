"""Has the data folder changed since the last run? What TFX's cache asks before ingestion."""

import concurrent.futures
import hashlib
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from components.cache_driver import CacheDriver
from components.ingestion.file_system import read_file
from components.ingestion.folder import list_image_folder
from components.progress import Progress

DATA_FOLDER_KEY = "data_folder"
FINGERPRINT_KEY = "data_fingerprint"


class ImageFolderDriver(CacheDriver):
    """Adds the fingerprint of the data folder to what the cache compares.

    TFX's own fingerprint is made of counts, sizes and times, and does not notice a file that was
    replaced by one of equal size and time.
    """

    def observe(self, exec_properties: Mapping[str, Any]) -> dict[str, str]:
        """Reads the whole folder.

        Raises:
            PipelineError: The folder is not a data folder.
        """
        return {FINGERPRINT_KEY: fingerprint(str(exec_properties[DATA_FOLDER_KEY]))}


def fingerprint(root: str) -> str:
    """Digest of the names and contents of all files below a data folder.

    The price is to read the folder once more each run: 70,000 small images take a few seconds.

    Returns:
        A hexadecimal SHA-256 that does not depend on the place of the folder, times or order.

    Raises:
        PipelineError: The folder is not a data folder.
    """
    folder = list_image_folder(root)
    digest = hashlib.sha256()
    for rejection in folder.rejections:
        digest.update(f"{rejection.filename}\0{rejection.reason}\n".encode())
    names = [file.filename for file in folder.files]
    progress = Progress("images compared with the last run's", len(names))
    with concurrent.futures.ThreadPoolExecutor() as readers:
        contents = readers.map(lambda name: _digest_of_file(root, name), names)
        for name, content in zip(names, contents, strict=True):
            digest.update(f"{name}\0{content}\n".encode())
            progress.advance()
    return digest.hexdigest()


def _digest_of_file(root: str, filename: str) -> str:
    try:
        return hashlib.sha256(read_file(root, filename)).hexdigest()
    except (OSError, tf.errors.OpError) as error:
        # Not the end: ingestion will reject it, and when it becomes readable that is a change.
        return f"unreadable: {error}"
