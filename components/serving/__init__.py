"""6. A model -> a model that answers.

signatures.py     what the SavedModel takes and returns
broken_files.py   the error that says which files of a batch are broken
exports/          other forms of it
image_rules.py    the rules for its images, kept with the model
class_names.py    the names of its classes, kept with the model
warm_up.py        what a server asks it first
infra_validator/  whether it can be served: loaded and asked in a fresh process
serving_facts.py  what was found there
directory/        the serving directory: pushes, rollbacks, removals, the log
overlap.py        no push over a model that the new one was not compared with; pushes that are lost
pusher.py         the step that pushes what was released
predictor.py      loads the newest version and asks it
"""
