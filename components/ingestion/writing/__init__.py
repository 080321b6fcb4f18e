"""Chosen images -> TFRecords and the manifest.

writer.py         images -> shards, in an order that depends on the images alone
shard_workers.py  shards -> worker processes, with what these cannot make
record_maker.py   a file that TensorFlow is asked about, or that is transcoded -> its record
transcoding.py    what a worker of a sandbox does of it: a file that is transcoded -> its record
store.py          such records, until they are written
shard.py          what a worker does: all records of a shard -> their file
rereading.py      an image -> the very bytes that were examined
record.py         these, and what is known of the image -> tf.train.Example
tfrecord.py       records -> a TFRecord file
manifest.py       every file found, and what became of it
"""
