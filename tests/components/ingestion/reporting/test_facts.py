from components.ingestion.data_folder import Rejection
from components.ingestion.reporting.facts import Facts, Tally
from components.ingestion.reporting.findings import Finding
from tests.components.ingestion.made_up import make_images


def make_finding(number: int) -> Finding:
    return Finding("leak", (f"{number}", "x"), ("a", "a"), ("", ""), "", float(number))


def test_a_tally_counts_all_and_keeps_the_worst():
    tally = Tally(most=3)
    for number in range(100):
        tally.add(make_finding(number))
    assert (tally.count, tally.files) == (100, 200)
    assert len(tally.examples) <= 12
    assert [finding.score for finding in tally.worst()] == [99, 98, 97]


def test_merged_tallies_are_as_one():
    halves = Tally(most=3), Tally(most=3)
    for number in range(100):
        halves[number % 2].add(make_finding(number))
    halves[0].merge(halves[1])
    assert (halves[0].count, halves[0].files) == (100, 200)
    assert [finding.score for finding in halves[0].worst()] == [99, 98, 97]


def test_a_finding_of_many_files_is_kept_short():
    facts = Facts()
    names = tuple(map(str, range(1000)))
    facts.add_finding(Finding("duplicate", names, names, names, "", 0.0))
    [kept] = facts.findings["duplicate"].examples
    assert (len(kept.filenames), kept.files) == (12, 1000)
    assert facts.findings["duplicate"].files == 1000


def test_a_rejection_without_a_detail():
    facts = Facts()
    facts.add_rejection(Rejection("a", "", "hidden"))
    facts.add_rejection(Rejection("b", "c", "broken jpeg", "x" * 1000))
    assert {reason: tally.count for reason, tally in facts.reasons.items()} == {
        "hidden": 1,
        "broken jpeg": 1,
    }
    assert facts.reasons["hidden"].examples[0].detail == "hidden"
    assert len(facts.reasons["broken jpeg"].examples[0].detail) == 400


def test_counts_of_images():
    facts = Facts()
    facts.add_images(make_images({("train", "cat"): 2}, treatment="rotated"))
    facts.add_images(make_images({("test", "cat"): 1}, format="png"))
    assert facts.images == {("train", "cat"): 2, ("test", "cat"): 1}
    assert (facts.formats, facts.treatments) == ({"jpeg": 2, "png": 1}, {"rotated": 2})
    assert facts.histograms["side"].counts.sum() == 3
