"""What every runner says and keeps of a run.

records.py       what ML Metadata knows of its steps
results.py       artifacts -> what a step did, and the summary of a run
summary.py       what a run came to, and that in words
outcomes.py      what became of each run, and the page over all of them
folders.py       what a run writes to
failures.py      an exception -> one readable error
"""
