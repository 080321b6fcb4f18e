"""`python -m pipeline.releases`: what is in a serving directory, and the way back.

command_line.py  arguments -> what is asked
versions.py      the serving directory -> what there is to say of each version
differences.py   two versions -> what is different
commands.py      what each command prints and does
tables.py        values -> tables
"""
