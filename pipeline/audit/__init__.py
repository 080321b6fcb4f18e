"""Looks through a folder of images before anything heavy: `python -m pipeline.audit FOLDER`.

command_line.py  arguments -> what is asked
bar.py           log records of the components -> a bar on the terminal
table.py         an audit -> a table of 80 columns
auditing.py      all of these in a row
"""
