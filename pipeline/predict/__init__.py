"""Predictions of a pushed model: `python -m pipeline.predict IMAGE...`.

predict_cli.py        arguments -> predictions on standard output
image_files.py        files and folders -> the files to classify
pushed_models.py      the serving directory -> the model to use
quiet.py              keeps TensorFlow's greetings off the terminal
prediction_formats.py predictions -> a table, JSON or CSV
"""
