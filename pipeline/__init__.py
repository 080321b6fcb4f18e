"""Which steps run, in what order, with what settings.

config.py        every setting, checked on construction
setting_names.py the names of all settings
command_line.py  YAML files and flags -> a configuration
dag.py           a configuration -> the steps, in the order in which the data flows
release_steps.py those from the trained model to the serving directory
execution.py     runs the steps one by one by TFX's launcher, for both runners
paths.py         where a pipeline keeps what
local/           runs the steps on this machine and shows what happens
kubeflow/        runs them in containers, on Kubeflow Pipelines
runs/            what both say and keep of a run
audit/           says what is in a folder of images before any of that
schema/          shows how the schema would change, and freezes it after review
predict/         predictions of the newest pushed model
releases/        what is in the serving directory, and the rollback
notebook.py      the evaluation in TFMA's own views
process.py       what these commands have in common as processes
exit_codes.py    their exit statuses
terminal.py      text on the terminal
loading.py       what to set where TFX, Beam and Keras are loaded
"""
