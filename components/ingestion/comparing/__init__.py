"""Images -> which of them are equal, nearly equal, or in two classes.

copies.py           equal files: one is used, or all are set aside
near_duplicates.py  pairs that look alike, by hash_index.py (search) and crops.py (verification)
connected.py        pairs -> components
look_alikes.py      a component -> equal pixels, and what there is to say of the rest
earlier.py          the same across the spans of a data folder
"""
