"""Talks to the API of Kubeflow Pipelines (v2beta1), by KFP's published client.

command_line.py  submit, schedule, list, pause, resume, delete
package.py       a compiled pipeline: its name, its parameters, values for them
connection.py    one address, one token; failures in words
uploading.py     a pipeline and its version on the server
running.py       a run, from its creation to its verdict
cron.py          when a schedule will run
scheduling.py    schedules, by their names
"""
