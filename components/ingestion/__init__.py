"""1. Image folders -> TFRecords: `ImageFolderExampleGen`.

file_system.py  the files below a folder, local or remote
layout.py       flat, or split by its owner?
folder.py       which files there are, of which class and which split of the owner's
splits.py       which split of ours an image belongs to, by its content
record.py       one file's bytes -> one tf.train.Example, or the reason why not
writer.py       records -> sharded TFRecords, in an order that depends on the records alone
accounting.py   found = written + rejected, held and kept
driver.py       has anything changed since the last run? (the cache)
executor.py     all of it, on Beam
component.py    all of it, as TFX sees it
"""
