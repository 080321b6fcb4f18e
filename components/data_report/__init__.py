"""Audit and validation of the images -> a page, before anything is decided or trained.

data_report.py  the step
data_page.py    what the page shows
templates/      how
"""
