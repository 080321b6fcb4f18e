"""The look of every HTML page that the project writes, and what pages have in common.

page.py           a template that others fill, and how names and numbers are shown
thumbnails.py     pictures -> small ones inside a page
class_table.py    images by class and split, of a thousand classes the largest and the smallest
finding_kinds.py  how the kinds of findings of an audit are called, and what to do about each
templates/        page.html and page.css for any page, parts.html with its parts
"""
