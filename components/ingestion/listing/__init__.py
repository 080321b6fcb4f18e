"""A data folder -> the files in it, of which class and which split of the owner's.

file_system.py  the files below a folder, local or remote
layout.py       flat, or split by its owner?
spans.py        one folder, or one for each delivery?
folder.py       every file, as an image to examine or a rejection
"""
