"""7. All that is known of a model -> released or refused, with the reasons.

rules.py           what a model must be, as its users set it
intervals.py       between which values the truth lies, for all that few images can tell
outcomes.py        value, interval and bound -> passed, failed, or not enough evidence
accuracy.py        the accuracy, and its change against the serving model
class_floors.py    recall and precision of each class
serving_limits.py  problems, size and latency of the model as it is served
judging.py         all of these in a row, and the verdict in one sentence
wording.py         checks in words
verdict.py         the checks and the verdict, and their file
withdrawals.py     whether this very model was rolled back before
gate.py            the step
"""
