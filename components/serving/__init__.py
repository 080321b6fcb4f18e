"""6. A model -> a model that predicts.

signatures.py        what the SavedModel takes and returns
broken_files.py      the error that says which files of a batch are broken
model_assets.py      what is kept with the model: rules for its images, class names, warm-up
exports/             a step that adds other forms of it
infra_validator/     whether it can be served: loaded and asked in a fresh process
serving_facts.py     what was found there
serving_baseline.py  which earlier model a new one is compared with
directory/           the serving directory: pushes, rollbacks, removals, the log
atomic_pusher.py     the step that pushes what was released, over what it was compared with
predictor.py         loads the newest version and asks it; image_reading.py reads files for it
"""
