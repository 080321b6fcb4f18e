"""The script from its command line: source files in, folder of PNGs out."""

import os
from pathlib import Path

import numpy as np
import pytest
from image_folders import writer
from make_image_folders import main
from PIL import Image

from tests.data.source_files import (
    cifar10_members,
    write_archive,
    write_idx_folder,
    write_idx_images,
    write_idx_labels,
)


def _tree(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


def _pixels(path: Path) -> list[object]:
    with Image.open(path) as image:
        pixels: list[object] = np.asarray(image).tolist()
        return pixels


def test_mnist_becomes_a_split_tree_with_the_same_pixels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_idx_folder(tmp_path / "source")
    output = tmp_path / "new" / "mnist"
    status = main(["mnist", "--source", str(tmp_path / "source"), "--output", str(output)])
    assert status == 0
    assert _tree(output) == [
        "test/3/00001.png",
        "test/9/00000.png",
        "train/0/00000.png",
        "train/0/00010.png",
        "train/1/00001.png",
        "train/1/00011.png",
        *(f"train/{digit}/0000{digit}.png" for digit in range(2, 10)),
    ]
    assert _pixels(output / "train/1/00011.png") == [[66, 67, 68], [69, 70, 71]]
    assert _pixels(output / "test/3/00001.png") == [[206, 207, 208], [209, 210, 211]]
    size = sum(path.stat().st_size for path in output.rglob("*.png"))
    summary = f"Wrote 14 images of 10 classes, {size:,} bytes, to {output} in "
    assert capsys.readouterr().out.startswith(summary)


def test_fashion_mnist_has_its_own_class_names(tmp_path: Path) -> None:
    write_idx_folder(tmp_path / "source")
    output = tmp_path / "fashion"
    main(["fashion-mnist", "--source", str(tmp_path / "source"), "--output", str(output)])
    # Images 0 to 9 have the labels 0 to 9.
    first_ten = sorted(output.glob("train/*/0000?.png"), key=lambda path: path.name)
    assert [path.parent.name for path in first_ten] == [
        "T-shirt",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ]


@pytest.mark.parametrize("source_name", ["cifar-10-binary.tar.gz", "."])
def test_cifar10_becomes_a_split_tree_of_rgb_images(tmp_path: Path, source_name: str) -> None:
    write_archive(tmp_path / "cifar-10-binary.tar.gz", cifar10_members())
    output = tmp_path / "cifar10"
    status = main(["cifar10", "--source", str(tmp_path / source_name), "--output", str(output)])
    assert status == 0
    assert _tree(output) == [
        "test/truck/00000.png",
        "train/airplane/00000.png",
        "train/automobile/00001.png",
        "train/bird/00002.png",
        "train/cat/00003.png",
        "train/deer/00004.png",
    ]
    with Image.open(output / "test/truck/00000.png") as image:
        assert (image.mode, image.size) == ("RGB", (32, 32))
        assert [image.getpixel(place) for place in ((0, 0), (1, 0), (0, 1), (31, 31))] == [
            (1, 2, 3),
            (99, 99, 99),
            (70, 80, 90),
            (70, 80, 90),
        ]


def test_sample_takes_the_first_200_of_each_class(tmp_path: Path) -> None:
    # Labels 0, 1, ... 9, 0, 1, ...: image i is of class i % 10, and 201 of each are there.
    pixels = np.repeat(np.arange(2010, dtype=np.uint32) % 251, 4).astype(np.uint8)
    write_idx_images(tmp_path / "train-images-idx3-ubyte.gz", pixels.reshape(2010, 2, 2))
    write_idx_labels(tmp_path / "train-labels-idx1-ubyte.gz", [index % 10 for index in range(2010)])
    output = tmp_path / "sample"
    main(["fashion-mnist-sample", "--source", str(tmp_path), "--output", str(output)])
    boots = sorted((output / "Ankle boot").iterdir())
    assert [len(list(folder.iterdir())) for folder in output.iterdir()] == [200] * 10
    assert (boots[0].name, boots[-1].name) == ("00009.png", "01999.png")
    assert _pixels(boots[-1]) == [[242, 242], [242, 242]]


def test_sample_needs_200_of_each_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_idx_folder(tmp_path)
    output = tmp_path / "sample"
    status = main(["fashion-mnist-sample", "--source", str(tmp_path), "--output", str(output)])
    assert status == 1
    assert capsys.readouterr().err == (
        "error: The sample takes 200 images of each class. Received: 2 of 'T-shirt' in "
        f"{tmp_path}. Use the complete training file.\n"
    )


def test_source_must_be_named_where_there_is_no_usual_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mnist", "--output", str(tmp_path / "mnist")]) == 1
    assert capsys.readouterr().err == (
        "error: mnist has no usual place on the disk. Received: no --source. Pass --source PATH; "
        "data/README.md says where the standard files come from.\n"
    )


def test_unknown_data_set_is_answered_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["fashion", "--output", "anywhere"])
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert [
        name
        for name in ("cifar10", "fashion-mnist", "fashion-mnist-sample", "mnist")
        if name not in message
    ] == []


def test_output_that_holds_files_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_idx_folder(tmp_path / "source")
    output = tmp_path / "photos"
    output.mkdir()
    (output / "holiday.jpg").write_bytes(b"mine")
    status = main(["mnist", "--source", str(tmp_path / "source"), "--output", str(output)])
    assert status == 1
    assert _tree(output) == ["holiday.jpg"]
    assert capsys.readouterr().err == (
        f"error: The output folder must be new or empty. Received: {output}, which holds files. "
        "Name another --output, or remove that folder first.\n"
    )


def test_output_that_is_a_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "notes.txt"
    output.write_text("mine")
    assert main(["mnist", "--source", str(tmp_path), "--output", str(output)]) == 1
    assert output.read_text() == "mine"
    assert capsys.readouterr().err == (
        f"error: The output must be a folder. Received: {output}, a file. Name another --output.\n"
    )


def test_empty_output_folder_is_filled(tmp_path: Path) -> None:
    write_idx_folder(tmp_path / "source")
    output = tmp_path / "mnist"
    output.mkdir()
    assert main(["mnist", "--source", str(tmp_path / "source"), "--output", str(output)]) == 0
    assert len(_tree(output)) == 14


def test_output_is_readable_by_others(tmp_path: Path) -> None:
    write_idx_folder(tmp_path / "source")
    output = tmp_path / "mnist"
    previous = os.umask(0o022)
    try:
        main(["mnist", "--source", str(tmp_path / "source"), "--output", str(output)])
    finally:
        os.umask(previous)
    assert output.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("failure", "status", "message"),
    [
        (OSError(28, "No space left on device"), 1, "error: [Errno 28] No space left on device\n"),
        (KeyboardInterrupt(), 130, "Stopped. Nothing was written to {output}.\n"),
    ],
    ids=["disk full", "Ctrl-C"],
)
def test_interrupted_run_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failure: BaseException,
    status: int,
    message: str,
) -> None:
    write_idx_folder(tmp_path / "source")
    encoded: list[int] = []

    def fail_at_the_third(pixels: np.ndarray) -> bytes:
        encoded.append(len(pixels))
        if len(encoded) == 3:
            raise failure
        return b"png"

    monkeypatch.setattr(writer, "encode_png", fail_at_the_third)
    output = tmp_path / "mnist"
    arguments = ["mnist", "--source", str(tmp_path / "source"), "--output", str(output)]
    assert main(arguments) == status
    assert len(encoded) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
    assert capsys.readouterr().err.endswith(message.format(output=output))
