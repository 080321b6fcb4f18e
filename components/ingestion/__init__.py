"""1. Image folders -> TFRecords: `ImageFolderExampleGen`.

listing/       a data folder -> the files in it
examining/     files -> what is known of each image, or why it cannot be used
comparing/     images -> which are equal, nearly equal, or in two classes
splits.py      which split an image belongs to, by its content
deciding/      the last two in a row: what becomes of each image
survey.py      all of these in a row, for ingestion and for the audit
writing/       chosen images -> TFRecords and the manifest
profile.py     what became of all files -> one audit, with histogram.py and class_balance.py
accounting.py  whether a set can be learnt from and measured with

rules.py       settings
gathering.py   fewer, larger elements for Beam
workers.py     processes that work beside Beam's
parts.py       work on many files, in threads where that helps
driver.py      has anything changed since the last run? (the cache)
executor.py    all of it, on Beam
component.py   all of it, as TFX sees it

Nothing of it needs TensorFlow but writing/record_maker.py and what TFX runs.
"""
