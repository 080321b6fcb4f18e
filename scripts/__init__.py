"""Set-up and upkeep of this repository; nothing here is part of the pipeline.

Everything in this folder runs before the environment exists, so it uses bash, coreutils and the
standard library of Python 3.8 or newer only.
"""
