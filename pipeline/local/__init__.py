"""Runs the pipeline on this machine and shows what happens.

The steps run in a process of their own, the worker, whose output goes to a log file. It tells the
process that the user started, the parent, what happens by events, one JSON object a line. So the
terminal shows nothing but what the user wants to know, `--help` and mistakes are answered at once,
a step that dies of lack of memory is reported like any other failure, and Ctrl-C ends whatever a
step is at.

parent.py      starts the worker, shows its events, ends with the right exit status
console.py     events -> the terminal
events.py      what the worker can say, and the pipe
worker.py      the other process
steps.py       what it runs: a schema if there is none, then all steps
temporary.py   where the worker leaves temporary files, and who removes them
output_lock.py one run at a time in an output folder
"""
