"""Runs the pipeline on this machine and shows what happens.

The steps run in a process of their own, the worker, whose output goes to a log file. It tells the
process that the user started, the supervisor, what happens by events, one JSON object a line. So
the terminal shows nothing but what the user wants to know, `--help` and mistakes are answered at
once, and a step that dies of lack of memory is reported like any other failure.

supervisor.py  starts the worker, shows its events, ends with the right exit status
console.py     events -> the terminal
events.py      what the worker can say
temporary.py   where the worker leaves temporary files, and who removes them
pipe.py        events from one process to the other
worker.py      the other process
output_lock.py one run at a time in an output folder
lifeline.py    ends it when the supervisor is killed; interruption.py when the user presses Ctrl-C
steps.py       one run with TFX's LocalDagRunner
watcher.py     TFX's log -> events
"""
