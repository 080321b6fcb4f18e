from components.ingestion.image_record import Rejection
from components.ingestion.shard import Stored, read_stored, store

REJECTION = Rejection("cat/1.heic", "cat", "broken heic", "cut off")


def test_records_are_read_as_they_were_stored_in_any_order(tmp_path):
    path = str(tmp_path / "records")
    outcomes = [(b"first", "transcoded to png: format heic"), REJECTION, (b"", "as found")]
    stored = [store(path, outcome) for outcome in outcomes]
    assert stored == [
        Stored(0, 5, "transcoded to png: format heic"),
        REJECTION,
        Stored(5, 0, "as found"),
    ]
    assert [read_stored(path, one) for one in reversed(stored)] == outcomes[::-1]


def test_what_is_left_of_an_earlier_attempt_does_no_harm(tmp_path):
    path = str(tmp_path / "records")
    store(path, (b"half a rec", "as found"))
    assert read_stored(path, store(path, (b"record", "as found"))) == (b"record", "as found")


def test_a_rejection_needs_no_file(tmp_path):
    assert read_stored("nowhere", store(str(tmp_path / "records"), REJECTION)) == REJECTION
    assert list(tmp_path.iterdir()) == []
