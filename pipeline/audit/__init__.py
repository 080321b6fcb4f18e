"""Looks through a folder of images before anything heavy: `python -m pipeline.audit FOLDER`.

audit_cli.py     arguments -> the audit, on the terminal and in files
audit_table.py   an audit -> a table of 80 columns
progress_bar.py  how far the components are -> a bar on the terminal
"""
