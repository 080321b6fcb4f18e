"""Which steps run, in what order, with what settings.

config.py        every setting, checked on construction
command_line.py  YAML files and flags -> a configuration
rules.py         a configuration -> what the components are told
places.py        where a pipeline keeps what
dag.py           a configuration -> the steps, in the order in which the data flows
local/           runs them on this machine and shows what happens
audit/           says what is in a folder of images before any of that
schema/          shows how the schema would change, and freezes it after review
predict/         asks the newest pushed model
process.py       what these commands have in common as processes
"""
