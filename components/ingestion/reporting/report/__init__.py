"""An audit -> one HTML file that needs nothing else, not even a network.

charts.py      distributions -> bars
pictures.py    files -> pictures, which become small ones inside the page
examples.py    findings -> what the page shows of them
classes.py     class counts -> bars, of a thousand classes the largest and the smallest
writer.py      all of these in a row
templates/     audit.html, which fills the page of components.pages
"""
