"""All runs of a pipeline -> one page.

entries.py     what is told of a run
chart.py       accuracy of each run, with its interval -> a drawing
writer.py      both -> HTML
templates/     index.html
"""
