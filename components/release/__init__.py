"""7. All that is known of a model -> released or refused, with the reasons.

release_gate.py     the step
release_rules.py    what a model must reach, as its users set it
release_checks.py   what was measured, held to the rules
release_verdict.py  a check and the verdict, in words and as a file
"""
