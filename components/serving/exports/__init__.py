"""A trained model -> files for phones, browsers and other runtimes, each checked.

formats.py    which formats there are, and how alike they must be
freezing.py   the model as a graph without variables
tflite.py     TensorFlow Lite, with float or 8-bit weights
onnx_file.py  ONNX
comparing.py  an export against the SavedModel, image by image
writing.py    all of it, beside the SavedModel
"""
