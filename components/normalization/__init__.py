"""One file's bytes -> bytes that TensorFlow decodes to the same upright pixels. No TensorFlow here.

normalization_rules.py
                what is accepted and what becomes of it, as a model was trained with it
formats.py      bytes -> the format, by content, and what its header states
opening.py      bytes -> an image that is not decoded yet; that -> upright pixels; all refusals
jpeg.py         a JPEG -> its pixels, unless some are not in the file
png.py          a PNG -> its pixels, unless some are not in the file
tiff.py         which image of a TIFF is the picture, and what Pillow leaves to be done with it
pixels.py       every kind of pixel that files hold -> 8-bit gray or RGB without transparency
orientation.py  which way up an image is stored
normalize.py    what TensorFlow decodes as it is, and a PNG of everything else

Ingestion, the audit and the prediction command all go through it, so that training and use agree.
"""
