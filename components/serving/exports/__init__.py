"""A trained model -> files for phones, browsers and other runtimes, each checked.

export_formats.py  which formats there are, how alike they must be, what became of them
converters.py      the model in another format, and what asks it
agreement.py       an export against the SavedModel, image by image
exporter.py        the step: all of it, beside the SavedModel
"""
