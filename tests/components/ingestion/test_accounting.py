import pytest

from components.errors import PipelineError
from components.ingestion.accounting import Account, make_account, write_rejects
from components.ingestion.folder import Rejection

REJECTIONS = [
    Rejection("cat/b.jpg", "cat", "not an image", "begins with b'a, \"b\"'"),
    Rejection("cat/a.jpg", "cat", "empty file", "0 bytes"),
    Rejection("dog/ä.jpg", "dog", "not an image", "begins with b'x'"),
    Rejection("readme", "", "outside of any class folder"),
]


def _account(found=14, rejected=4, **used):
    counts = {"train": {"cat": 4, "dog": 2}, "eval": {"cat": 1, "dog": 1}}
    counts["test"] = {"cat": 1, "dog": 1}
    return Account(found, rejected, {**counts, **used}, {"not an image": rejected})


def test_make_account_counts_everything():
    used = {("train", "cat"): 4, ("eval", "dog"): 2}
    assert make_account(10, ["dog", "cat"], used, REJECTIONS) == Account(
        found=10,
        rejected=4,
        used={
            "train": {"cat": 4, "dog": 0},
            "eval": {"cat": 0, "dog": 2},
            "test": {"cat": 0, "dog": 0},
        },
        reasons={"not an image": 2, "empty file": 1, "outside of any class folder": 1},
    )


def test_make_account_does_not_depend_on_the_order():
    used = {("train", "cat"): 4, ("train", "dog"): 3}
    account = make_account(10, ["dog", "cat"], used, REJECTIONS)
    reversed_used = dict(reversed(used.items()))
    again = make_account(10, ["cat", "dog"], reversed_used, REJECTIONS[::-1])
    assert list(account.reasons) == list(again.reasons)
    assert list(account.used["train"]) == list(again.used["train"]) == ["cat", "dog"]


def test_split_size():
    assert [_account().split_size(split) for split in ("train", "eval", "test")] == [6, 2, 2]


def test_check_accepts_what_adds_up():
    assert _account().check() is None


@pytest.mark.parametrize("found", [13, 15])
def test_check_finds_a_lost_or_doubled_file(found):
    with pytest.raises(RuntimeError) as caught:
        _account(found=found).check()
    assert str(caught.value) == (
        f"Every file must be written or rejected. Received: {found} found, 10 written, 4 rejected."
    )


ADVICE = (
    "Add images of these classes (with 100 each an empty split is unlikely), or make the split's "
    "share larger."
)


@pytest.mark.parametrize(
    ("account", "received"),
    [
        (
            _account(found=13, test={"cat": 0, "dog": 1}),
            "13 files, 4 rejected (4 not an image), and no usable image of 'cat' in test.",
        ),
        (
            _account(found=12, eval={"cat": 0, "dog": 1}, test={"cat": 1, "dog": 0}),
            "12 files, 4 rejected (4 not an image), and no usable image of 'cat' in eval, "
            "'dog' in test.",
        ),
        (
            Account(0, 0, {"train": {}, "eval": {}, "test": dict.fromkeys("abcdefghijkl", 0)}, {}),
            "0 files, 0 rejected, and no usable image of 'a' in test, 'b' in test, 'c' in test, "
            "'d' in test, 'e' in test, 'f' in test, 'g' in test, 'h' in test, 'i' in test, "
            "'j' in test and 2 more.",
        ),
    ],
)
def test_check_refuses_a_class_without_images_in_a_split(account, received):
    with pytest.raises(PipelineError) as caught:
        account.check()
    assert str(caught.value) == (
        f"Every class needs images in train, eval and test. Received: {received} {ADVICE}"
    )


def test_an_account_survives_its_file(tmp_path):
    account = Account(1, 0, {"train": {"Äpfel": 1}, "eval": {"Äpfel": 0}, "test": {"Äpfel": 0}}, {})
    account.write(str(tmp_path))
    assert Account.read(str(tmp_path)) == account
    assert (tmp_path / "account.json").read_text("utf-8") == (
        '{\n  "found": 1,\n  "rejected": 0,\n  "used": {\n'
        '    "train": {\n      "Äpfel": 1\n    },\n'
        '    "eval": {\n      "Äpfel": 0\n    },\n'
        '    "test": {\n      "Äpfel": 0\n    }\n'
        '  },\n  "reasons": {}\n}'
    )


def test_rejects_are_written_sorted_and_quoted(tmp_path):
    write_rejects(REJECTIONS, str(tmp_path))
    assert (tmp_path / "rejects.csv").read_text("utf-8") == (
        "path,class,reason,detail\n"
        "cat/a.jpg,cat,empty file,0 bytes\n"
        'cat/b.jpg,cat,not an image,"begins with b\'a, ""b""\'"\n'
        "dog/ä.jpg,dog,not an image,begins with b'x'\n"
        "readme,,outside of any class folder,\n"
    )


def test_a_folder_without_rejects_has_a_file_with_a_header(tmp_path):
    write_rejects([], str(tmp_path))
    assert (tmp_path / "rejects.csv").read_text() == "path,class,reason,detail\n"
