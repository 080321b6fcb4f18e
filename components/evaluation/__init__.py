"""5. Model and test images -> predictions, and their metrics for TensorFlow Model Analysis' views.

test_set_predictor.py  the step: what the new model and the serving one predict for each test image
predicted_examples.py  the same as records, which TFX's Evaluator evaluates
evaluator_config.py    metrics, slices and thresholds, as TFMA takes them

What gate and report say of a model comes from `components.metrics`.
"""
