import io

from components.audit import Audit, Finding
from components.ingestion.image_record import Rejection
from pipeline.audit.audit_table import write_table
from tests.components.ingestion.made_up import make_audit, make_images


def table_of(audit: Audit) -> str:
    stream = io.StringIO()
    write_table(audit, stream)
    return stream.getvalue()


def test_golden():
    images = make_images({("train", "cat"): 30, ("train", "dog"): 1200, ("test", "cat"): 25})
    rejections = (Rejection("cat/x\n.jpg", "cat", "broken jpeg", "ends"),)
    leak = Finding("leak", ("a/1", "b/1", "b/2", "b/3"), ("a",) * 4, ("",) * 4, "same bytes", 1.0)
    lines = [
        line.rstrip() for line in table_of(make_audit(images, rejections, (leak,))).split("\n")
    ]
    assert lines[:8] == [
        "photos",
        "1,256 files found = 1,255 used + 1 rejected + 0 duplicates",
        "",
        "class      train  test    all",
        "cat           30    25     55",
        "dog        1,200     0  1,200",
        "2 classes  1,230    25  1,255",
        "",
    ]
    assert lines[8:10] == ["format  files", "jpeg    1,255"]
    at = lines.index("rejected because  files")
    assert lines[at + 1] == "broken jpeg           1"
    assert "  cat/x\\n.jpg  broken jpeg: ends" in lines
    assert "  a/1, b/1, b/2 and 1 more  same bytes" in lines
    assert any(line.startswith("Leaks between splits: 1, 4 files  The same or") for line in lines)
    assert any(line.startswith("Class balance: 1  A class has few") for line in lines)


def test_ignored_files_stand_beside_the_sum():
    """Fault C8: what programs leave in folders was counted as found and rejected."""
    ignored = Rejection("@eaDir/1.jpg", "", "left by another program", "@eaDir")
    table = table_of(make_audit(make_images({("train", "cat"): 30}), (ignored,)))
    assert "30 files found = 30 used + 0 rejected + 0 duplicates (and 1 ignored)" in table
    assert "Ignored files: 1" in table
    assert "  @eaDir/1.jpg  left by another program: @eaDir" in table


def test_of_many_classes_the_largest_and_the_smallest():
    counts = {("train", f"class {number:05}"): 20 + number for number in range(300)}
    table = table_of(make_audit(make_images(counts)))
    assert "... 280 more between" in table
    assert "class 00299" in table
    assert "class 00000" in table
    assert "class 00150" not in table
    assert "300 classes" in table


def test_fits_80_columns():
    name = "a class with quite a long name, and [bold]more[red] " * 3
    images = make_images({("train", name): 1, ("eval", name): 1})
    rejections = tuple(Rejection("x" * 200, "", f"reason {n}", "y" * 999) for n in range(30))
    table = table_of(make_audit(images, rejections))
    assert max(map(len, table.split("\n"))) <= 80
    assert "[bold]more[red]" in table.replace("\n", "")
    assert "... 18 more" in table
    assert "y" * 130 not in table.replace("\n", "")


def test_nothing_at_all():
    assert table_of(make_audit([])) == (
        "photos\n0 files found = 0 used + 0 rejected + 0 duplicates\n\nNothing stands out.\n"
    )
