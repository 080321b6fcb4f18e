"""4. Pixels -> a trained model.

run_fn.py     what TFX's Trainer calls: data, model, fit, export, one after the other
dataset.py    transformed records -> tf.data
fit.py        compiles and fits, with progress and logs
trainers/     one file a network
"""
