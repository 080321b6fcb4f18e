"""A model as a server would load it: in a fresh process, asked for what is known before.

TFX's InfraValidator starts a server in Docker or Kubernetes, from an image that not everyone has,
and looks whether it answers at all. Here no server is needed, and the answers are looked at.

golden.py     requests whose outcome is known: every format, odd sizes, batches of 1 and 64
samples.py    test images as clients have them, with what the evaluation said of them
probe.py      the fresh process, which knows TensorFlow and nothing of ours
asking.py     starts it, and reads its answers
judging.py    answers -> what is wrong with them
naming.py     whether their names of classes fit the probabilities
component.py  the step
"""
