"""5. Model and test images -> answers and metrics, by TensorFlow Model Analysis and beside it.

baseline.py           which earlier model the new one is compared with
inferrer.py           the step that asks the new model and the serving one about each test image
records.py            the records of a split, as a dataset
predictions.py        what models say of each test image, as a file
answered_examples.py  the same as records, which the Evaluator evaluates
thresholds.py         metrics, slices and thresholds, as TFMA takes them
class_metrics.py      precision and recall of each class, as TFMA imports them
results.py            what the Evaluator wrote, read back
"""
