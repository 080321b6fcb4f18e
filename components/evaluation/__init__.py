"""5. Model and thresholds -> blessed or refused, by TensorFlow Model Analysis.

thresholds.py  metrics, slices and thresholds, as TFMA takes them
baseline.py    which earlier model the new one is compared with
results.py     what the Evaluator wrote, read back for people
"""
