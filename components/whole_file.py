"""Files that nobody ever sees half-written."""

import os


def write_whole(path: str, content: bytes) -> None:
    """Writes a file beside its place, then puts it there in one step.

    Args:
        path: The file, which may exist, in a folder that does.
        content: All of it.
    """
    unfinished = f"{path}.unfinished"
    with open(unfinished, "wb") as file:
        file.write(content)
    os.replace(unfinished, path)
