"""2. Records -> go or stop.

statistics.py         what TFDV's StatisticsGen looks at, and what it says of a feature
schema.py             what every record must be: proposed, frozen in a file, reviewed like code
validation_rules.py   what is looked for, and what stops a run: settings
anomalies.py          what ExampleValidator found, and what a schema cannot express
drift.py              in what two sets of images differ by more than chance: drift and skew
baseline.py           which earlier images new ones are compared with
validate.py           all of these in a row, for the gate and for the page
validation_result.py  what was found, the verdict on it, and what can be done
data_gate.py          the step that stops the run
"""
