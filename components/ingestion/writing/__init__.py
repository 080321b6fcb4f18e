"""Chosen images -> TFRecords and the manifest.

writer.py        images -> shards, in an order that depends on the images alone
record_maker.py  a file, read again and verified by TensorFlow -> the bytes of its record
record.py        what is known of an image -> tf.train.Example
manifest.py      every file found, and what became of it
"""
