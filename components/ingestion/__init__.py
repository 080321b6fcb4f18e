"""1. Image folders -> TFRecords: `ImageFolderExampleGen`.

image_record.py     what is known of an image, filled step by step
data_folder.py      a data folder -> the files in it, their classes and predefined splits
data_spans.py       one folder, or one for each delivery?
data_files.py       which of the files below a folder may be read

examine.py          a file -> its record, or why it cannot be used: what a worker does
examine_files.py    all files, on Beam
quality.py          how bright, sharp and rich in contrast an image is
decodability.py     what tells whether TensorFlow decodes a file
perceptual_hash.py  what near-duplicates are found by

near_duplicates.py  pairs that are nearly the same, by hash_index.py (search) and crops.py (proof)
duplicates.py       copies of an image: one is used, or all are rejected
deduplicate.py      the same for all images, on Beam
earlier_spans.py    the images of earlier spans, as later ones know them
groups.py           what file names tie together
splits.py           which split an image belongs to
decisions.py        all of these in a row, for ingestion and for the audit

write.py            images -> shards, in an order that depends on the images alone
record_maker.py     an image that TensorFlow is asked about, or that is transcoded -> its record
shard.py            what workers do of writing
tf_example.py       an image -> tf.train.Example -> TFRecord file
manifest.py         every file found, and what became of it
profile.py          what became of all files -> one audit, on Beam by profile_images.py; its parts
                    are finding_tally.py, histogram.py and class_balance.py
accounting.py       whether a set can be learnt from and measured with

ingestion_rules.py  settings
packing.py          fewer, larger elements for Beam
parts.py            work on many files, in threads where that helps
driver.py           has anything changed since the last run? (the cache)
image_folder_example_gen.py
                    all of it, on Beam, as TFX sees it
data_audit.py       the same without writing any record

Nothing of it needs TensorFlow but record_maker.py and what TFX runs.
"""
