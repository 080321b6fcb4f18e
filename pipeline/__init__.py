"""Which steps run, in what order, with what settings.

config.py        every setting, checked on construction
command_line.py  YAML files and flags -> a configuration
dag.py           a configuration -> the steps, in the order in which the data flows
local/           runs them on this machine and shows what happens
predict/         asks the newest pushed model
"""
