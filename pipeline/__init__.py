"""Which steps run, in what order, with what settings.

config.py        every setting, checked on construction
command_line.py  YAML files and flags -> a configuration
exit_codes.py    of all commands
execution.py     runs the steps one by one by TFX's launcher, for both runners
paths.py         where a pipeline keeps what
dag.py           a configuration -> the steps, in the order in which the data flows
local/           runs them on this machine and shows what happens
kubeflow/        runs them in containers, on Kubeflow Pipelines
runs/            what both say and keep of a run
audit/           says what is in a folder of images before any of that
schema/          shows how the schema would change, and freezes it after review
predict/         predictions of the newest pushed model
releases/        what is in the serving directory, and the rollback
notebook.py      the evaluation in TFMA's own views
setting_names.py the names of all settings
terminal.py      text on the terminal
process.py       what these commands have in common as processes
"""
