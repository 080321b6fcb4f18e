"""Asks a pushed model: `python -m pipeline.predict IMAGE...`.

command_line.py  arguments -> what is asked
files.py         files and folders -> the files to classify
models.py        the serving directory -> the model to ask
quiet.py         keeps TensorFlow's greetings off the terminal
answers.py       predictions -> a table, JSON or CSV
asking.py        all of these in a row
"""
