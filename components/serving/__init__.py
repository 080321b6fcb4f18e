"""6. A blessed model -> a model that answers.

signatures.py  what the SavedModel takes and returns
image_rules.py the rules for its images, kept with the model
pusher.py      into the serving directory, whole or not at all
versions.py    which versions lie there
predictor.py   loads the newest and asks it
"""
