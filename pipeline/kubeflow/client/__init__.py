"""Talks to the API of Kubeflow Pipelines (v2beta1), by KFP's own client.

server_commands.py  what each command does with a server, and says
api.py       KFP's client with time-outs; a pipeline and its version on the server
errors.py    what went wrong, in words
package.py   a compiled pipeline: its name, its parameters, values for them
cron.py      when a schedule runs, as Kubeflow reads it
schedule.py  schedules: found by name, made, replaced
wait.py      a run, until it ends, and whether its model was released
"""
