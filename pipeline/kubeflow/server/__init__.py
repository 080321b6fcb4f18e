"""Talks to the API of Kubeflow Pipelines (v2beta1), by KFP's published client.

command_line.py  submit, schedule, list, pause, resume, delete
package.py       a compiled pipeline: its name, its parameters, values for them
planning.py      the flags of schedule -> when it will run
cron.py          expressions as Kubeflow reads them, in the time zone of the server
commands.py      what each command does with a server, and says
connection.py    one address, one token
failures.py      what went wrong, in words
uploading.py     a pipeline and its version on the server
running.py       a run, from its creation to its end
failed_tasks.py  what can be known of a task that failed without a word
verdict.py       whether its model was released
scheduling.py    schedules, by their names
replacing.py     a schedule in the place of another
tables.py        schedules -> a table
"""
