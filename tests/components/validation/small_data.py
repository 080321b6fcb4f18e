"""Records and statistics for the tests of validation, without StatisticsGen and Beam."""

import tensorflow as tf
from tensorflow_data_validation.statistics import stats_impl
from tfx_bsl.coders import example_coder

from components.ingestion.folder import ImageFile
from components.ingestion.record import encode_record
from components.validation.statistics import statistics_options
from tests.image_files import encode_image


def make_record(class_text, seed=0, **options):
    """The record of one image of noise; the options are those of `encode_image`."""
    file = ImageFile(f"{class_text}/{seed}.png", class_text, None)
    return encode_record(file, encode_image(seed=seed, **options), channels=3)


def make_records(*class_texts):
    """One record for each class named."""
    return [make_record(class_text, seed) for seed, class_text in enumerate(class_texts)]


def without(record, key):
    """A copy that lacks one feature."""
    copy = tf.train.Example.FromString(record.SerializeToString())
    del copy.features.feature[key]
    return copy


def make_statistics(records):
    """What StatisticsGen makes of the records of a split."""
    batch = example_coder.ExamplesToRecordBatchDecoder().DecodeBatch(
        [record.SerializeToString() for record in records]
    )
    return stats_impl.generate_statistics_in_memory(batch, statistics_options())
