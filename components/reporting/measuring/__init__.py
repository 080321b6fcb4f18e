"""Predictions of the test images, and calls of the model -> what the report says of it.

shares.py        a share of images with its interval
class_metrics.py precision, recall and number of images of each class
confusion.py     which classes are taken for which
calibration.py   whether probabilities are what they promise
mistakes.py      wrong answers, the most confident first
label_errors.py  images whose label is probably wrong
changes.py       what became better and worse against the serving model
latencies.py     how long a loaded model takes to answer
measures.py      all of these
"""
