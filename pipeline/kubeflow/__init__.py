"""Runs the pipeline on Kubeflow Pipelines v2: one container task for each step.

command_line.py   the commands of runner_kubeflow.py
settings.py       the section `kubeflow` of a configuration file
parameters.py     what can be set for each run without compiling again
nodes.py          the steps of TFX's pipeline, and which must be done before which
compiling.py      configuration -> the file that Kubeflow takes
pods.py           the settings of a pod -> a task of it
names.py          what a pipeline, its containers and its clients call things
code_version.py   which code a pipeline was compiled from
server/           submits it, and lets it run on a schedule

In the containers:

task.py           what each of them executes
preparing.py      the first task: is everything there and allowed?
abandoned.py      earlier runs that were killed, and could not say so
prepared_run.py   what the tasks of one run have in common
metadata.py       where ML Metadata is
attempts.py       how each attempt at a step ended, or that it did not say so
launching.py      all other tasks: a step of TFX by TFX's launcher
executor_input.py what Kubeflow hands a task and wants back
outputs.py        what Kubeflow's pages show
outcome.py        what became of the run
progress.py       progress -> lines in the log
"""
