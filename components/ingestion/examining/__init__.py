"""Files -> what is known of each image, or the reason why it cannot be used.

sandbox.py          worker processes that may die of a file
examine_files.py    all files, on Beam
examination.py      one file
quality.py          how bright, sharp and rich in contrast it is
perceptual_hash.py  what near-duplicates are found by
jpeg_structure.py   what tells whether TensorFlow decodes a JPEG
pixel_digest.py     whether the pixels of two files are equal
"""
