"""4. Pixels -> a trained model.

run_fn.py       what TFX's Trainer calls: settings, data, models, phases, the SavedModel
tuning.py       what TFX's Tuner calls: a search for better settings, before the training
settings.py     all that can be set, and the checks of it
data.py         transformed records -> shuffled batches; random changes to the images
architectures/  one file a network
pretrained.py   networks of keras.applications as a part of a model
phases.py       which trainings a network goes through
frozen.py       the part of a network that does not learn, computed once
folding.py      a pretrained network that only predicts, in half the time
fit.py          one training, and its optimizer
checkpoints.py  what each step and epoch does, and the state from which a killed training resumes
warm_start.py   the step that says with which weights a training begins: those that serve, or none
seen_images.py  whether the images of eval and test are new to a model
weights.py      the weights of a model, for one that begins with them
precision.py    in how many bits to compute; strategy.py on which devices
"""
