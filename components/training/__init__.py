"""4. Pixels -> a trained model.

run_fn.py        what TFX's Trainer calls: data, models, phases, export, one after the other
tuning.py        what TFX's Tuner calls: a search for better settings, before the training
settings.py      all that can be set, and the checks of it
preparing.py     what TFX hands over -> plan, examples, models
dataset.py       transformed records -> shuffled batches
augmentation.py  random changes to the images that are trained on
trainers/        one file a network
pretrained.py    networks of keras.applications as a part of a model; heads.py what they share
phases.py        which trainings a network goes through
frozen.py        the part of a network that does not learn, computed once
folding.py       a pretrained network that only answers, in half the time
fit.py           one training; compiling.py its optimizer, callbacks.py what each step does
checkpoints.py   the state from which a training that was killed goes on
warm_start.py    the weights of an earlier model; warm_start_step.py which model that is,
                 seen_images.py whether the images of eval and test are new to it
precision.py     in how many bits to compute; strategy.py on which devices
history.py       what became of it, for people and for the summary
"""
