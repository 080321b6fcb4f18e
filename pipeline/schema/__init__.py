"""Reviews what images must be: `python -m pipeline.schema diff`, and `freeze`.

schema_cli.py         arguments -> the difference, and a new schema file
schema_diff.py        two schemas -> in what they differ, for people
latest_statistics.py  the output folder -> the statistics of the last run
"""
