"""What notebooks/evaluation.ipynb calls: evaluations in TFMA's own views, and as plain tables.

evaluations.py  the output folder -> its evaluations, as TFMA loads them
views.py        TFMA's viewers -> what any notebook shows
tables.py       an evaluation -> tables that need no network
"""
