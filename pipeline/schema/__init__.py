"""Reviews what images must be: `python -m pipeline.schema diff`, and `freeze`.

command_line.py  arguments -> what is asked
latest.py        the output folder -> the statistics of the last run
differences.py   two schemas -> in what they differ, for people
reviewing.py     all of these in a row
"""
