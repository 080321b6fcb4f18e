"""Runs the pipeline on Kubeflow Pipelines v2: one container task for each step.

kubeflow_cli.py   the commands of runner_kubeflow.py
settings.py       the section `kubeflow` of a configuration file
parameters.py     what can be set for each run without compiling again
compile.py        configuration -> the file that Kubeflow takes
contract.py       what that file, its containers and their clients agree on
client/           submits it, and lets it run on a schedule

In the containers:

task.py           what each of them executes
prepare_run.py    the first task: is everything there and allowed?
run_step.py       all other tasks: a step of TFX, and what became of the run
attempts.py       how each attempt at a step ended, or that it was killed
outputs.py        what Kubeflow hands a task, and what its pages show
"""
