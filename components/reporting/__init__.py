"""8. What every step found -> one page for those who must decide or explain.

model_report.py    the step, as TFX sees it
run_facts.py       the artifacts of all steps -> what is known of a run
report_files.py    these facts -> all files of the report; images to look at, as CSV
report_page.py     what the page shows -> `report.html`
confusion_view.py  the part of a confusion matrix that can be read, with the images behind its cells
report_charts.py   intervals and training curves as drawings
report_pictures.py small pictures of test images, until the page is full
label_errors.py    images whose label is probably wrong
templates/         the parts of the page, one file a section
metrics_json.py    the report for machines, `metrics.json`
model_card.py      a summary in Markdown
run_index.py       all runs of a pipeline -> one page
"""
