import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from components.beam_arguments import ONE_PROCESS
from components.ingestion.data_folder import Rejection
from components.ingestion.reporting.findings import Finding
from components.ingestion.reporting.summary import FINDINGS, PLACED, REJECTIONS, Summarize
from tests.components.ingestion.made_up import make_audit, make_images


def summarize(images, rejections, findings, found, path) -> None:
    with beam.Pipeline(options=PipelineOptions(list(ONE_PROCESS))) as pipeline:
        known = {
            PLACED: pipeline | "Images" >> beam.Create([images[::2], images[1::2]]),
            REJECTIONS: pipeline | "Rejections" >> beam.Create(rejections),
            FINDINGS: pipeline | "Findings" >> beam.Create(findings),
        }
        audit = known | Summarize("photos", found, ["cat", "dog"])
        _ = audit | beam.Map(lambda audit: audit.write(path))


def test_beam_gives_what_is_given_without_it(tmp_path):
    images = make_images({("train", "cat"): 1500, ("train", "dog"): 1600, ("test", "cat"): 400})
    rejections = (Rejection("cat/.x", "cat", "hidden"),)
    findings = (
        Finding("duplicate", ("a", "b"), ("cat", "cat"), ("", ""), "", 0.0),
        Finding("leak", ("a", "c"), ("cat", "cat"), ("train", "test"), "", 0.0),
    )
    path = tmp_path / "audit.json"
    summarize(images, rejections, findings, 3502, str(path))
    expected = tmp_path / "expected.json"
    make_audit(images, rejections, findings).write(str(expected))
    assert path.read_text() == expected.read_text()


def test_an_empty_folder_has_an_audit(tmp_path):
    path = tmp_path / "audit.json"
    summarize([], [], [], 0, str(path))
    assert '"found": 0' in path.read_text()
