"""8. What every step found -> one page for those who must decide or explain.

component.py    `ModelReporter`, as TFX sees it
executor.py     the artifacts of all steps -> the report's artifact
facts.py        what is known of a run
gathering/      artifacts -> these facts
measuring/      predictions of the test images -> figures, confusions, mistakes, label errors
wording.py      how numbers and the verdict are said
album.py        records of the test split -> the pictures that a page shows
page/           all of it -> `report.html`
templates/      its parts, one file a section
metrics_file.py the same for machines, `metrics.json`
lists.py        images to look at, as CSV
model_card.py   a summary in Markdown
files.py        facts -> all files of the report
index/          all runs of a pipeline -> one page
"""
