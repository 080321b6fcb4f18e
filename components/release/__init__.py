"""7. All that is known of a model -> released or refused, with the reasons.

verdict.py    the checks and the verdict, and their file
"""
