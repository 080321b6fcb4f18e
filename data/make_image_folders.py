"""Makes a folder of images from the standard files of a data set.

    python data/make_image_folders.py fashion-mnist --output images/fashion_mnist

Full data sets become `<output>/{train,test}/<class>/<index>.png`; the sample that
the repository holds becomes `<output>/<class>/<index>.png`. `data/README.md` says
where the standard files come from.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from image_folders.contract import ImageFolderError
from image_folders.datasets import DATASETS
from image_folders.writer import check_output, write_tree
from rich.console import Console

EXIT_OK = 0
EXIT_FAILED = 1
# 128 + SIGINT, as shells report Ctrl-C.
EXIT_INTERRUPTED = 130


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line (`sys.argv` if `arguments` is None)."""
    parser = argparse.ArgumentParser(
        description="Make a folder of images from the standard files of a data set."
    )
    parser.add_argument("dataset", choices=sorted(DATASETS), help="the data set to make")
    parser.add_argument(
        "--source",
        type=Path,
        help="the folder with the standard files; for cifar10 the archive or its folder "
        "(default for Fashion-MNIST: where the Debian package puts them)",
    )
    parser.add_argument("--output", type=Path, required=True, help="the folder to make")
    options = parser.parse_args(arguments)
    # The shell leaves a ~ that does not stand at the beginning, as in --output=~/images.
    options.output = options.output.expanduser()
    options.source = options.source and options.source.expanduser()
    return options


def make_image_folder(dataset_name: str, source: Path | None, output: Path) -> str:
    """Reads the source and writes the folder of images.

    Args:
        dataset_name: A key of `DATASETS`.
        source: The standard files; None means the data set's usual place.
        output: The folder to make.

    Returns:
        One line that says what was written.

    Raises:
        ImageFolderError: The source or the output cannot be used.
        OSError: The disk refuses.
    """
    start = time.monotonic()
    dataset = DATASETS[dataset_name]
    source = source or dataset.default_source
    if source is None:
        raise ImageFolderError(
            f"{dataset_name} has no usual place on the disk. Received: no --source. Pass "
            "--source PATH; data/README.md says where the standard files come from."
        )
    # Before the reading too, which takes seconds.
    check_output(output)
    tree = dataset.read(source)
    size = write_tree(tree, output, Console(stderr=True))
    return (
        f"Wrote {len(tree.files):,} images of {len(tree.classes)} classes, {size:,} bytes, "
        f"to {output} in {time.monotonic() - start:.1f} s."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit status."""
    options = parse_arguments(arguments)
    try:
        print(make_image_folder(options.dataset, options.source, options.output))
    except (ImageFolderError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print(f"Stopped. Nothing was written to {options.output}.", file=sys.stderr)
        return EXIT_INTERRUPTED
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
