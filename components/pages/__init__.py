"""The look of every HTML page that the project writes, and what pages have in common.

page.py        a template that others fill, and how names and numbers are shown
opening.py     bytes of an image -> pixels, quickly
thumbnails.py  pictures -> small ones inside a page
templates/     page.html and page.css for any page, parts.html with its parts
"""
