"""An audit -> one HTML file that needs nothing else, not even a network.

page.py        the look of every report: a template that others fill, and how names are shown
charts.py      distributions -> bars
thumbnails.py  files -> small pictures inside the page
examples.py    findings -> what the page shows of them
classes.py     class counts -> bars, of a thousand classes the largest and the smallest
writer.py      all of these in a row
templates/     page.html and page.css for any report, parts.html with its parts, audit.html
"""
