"""2. Records -> go or stop.

statistics.py  what TFDV's StatisticsGen is told to look at
schema.py      what every record must be: inferred once, frozen in a file, reviewed like code
anomalies.py   what ExampleValidator found, in words
gate.py        the step that stops the run when anything was found
"""
