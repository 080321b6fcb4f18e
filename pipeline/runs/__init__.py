"""What every runner says and keeps of a run.

records.py       what ML Metadata knows of its steps
results.py       artifacts -> what a step did, and the summary of a run
finished.py      what a run that went to its end came to
summary.py       that in words
outcomes.py      what became of each run, and the page over all of them
folders.py       what a run writes to
first_schema.py  the schema, where there was none
progress.py      what the steps tell of their progress
memory.py        how much memory a step took
failures.py      an exception -> one readable error
"""
