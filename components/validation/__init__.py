"""2. Records -> go or stop.

statistics.py     what TFDV's StatisticsGen is told to look at
distributions.py  what its statistics say of a feature
schema.py         what every record must be: frozen in a file, reviewed like code
proposal.py       what the images at hand would have it be
rules.py          what is looked for, and what stops a run: settings
findings.py       what was found, and the verdict on it
anomalies.py      what ExampleValidator found, as findings
checks.py         what a schema cannot express: classes that are missing, too many gray images
baseline.py       which earlier images new ones are compared with
shifts.py         in what two sets of images differ by more than chance: drift and skew
gate.py           the step that does all of this and stops the run
"""
