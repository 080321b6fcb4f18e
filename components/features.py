"""The contract between the steps: the keys, types and meaning of every feature of a record.

Raw features, written by ingestion and described by the schema. Keys follow TensorFlow Datasets
and the TensorFlow Object Detection API:

    image/encoded       bytes    the file as it was found, or a lossless PNG of it
    image/treatment     bytes    "as found", or "transcoded to png: " and the reason
    image/format        bytes    of the file as found, decided by content: "jpeg", "png", "gif",
                                 "bmp", "webp", "tiff", "avif" or "heic"
    image/height        int64    pixels, before any resizing, upright
    image/width         int64    pixels, before any resizing, upright
    image/channels      int64    1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha, as stored
    image/bytes         int64    size of the file as found
    image/aspect_ratio  float32  width / height, upright
    image/brightness    float32  mean of the gray values, 0 black to 1 white
    image/contrast      float32  standard deviation of the gray values, 0 to 0.5
    image/sharpness     float32  variance of the Laplacian of the gray values, 0 to 255, at
                                 128 x 128 pixels; 0 is flat, and there is no upper bound to know
    image/entropy       float32  of the histogram of the gray values, 0 to 8 bits
    image/filename      bytes    UTF-8 path below the data folder, "/" between its parts
    image/sha256        bytes    hexadecimal digest of the file as found
    image/class/text    bytes    UTF-8 name of the class, which is the name of its folder

Transformed features, written by Transform and read by training and evaluation:

    image/pixels       bytes  serialized uint8 tensor [height, width, channels], 0 to 255
    image/class/label  int64  position of the class in the sorted class names

The served model, written by training, called by evaluation and by clients:

    serving_default     image_bytes: string [batch], files as a client has them (the REST API of
                        TensorFlow Serving takes them in base64) ->
                        probabilities: float32 [batch, classes],
                        class_names: string [batch, classes], top_class: string [batch],
                        top_k_classes: string [batch, k], top_k_probabilities: float32 [batch, k],
                        the most probable first, k = 5 or the number of classes if that is less.
                        A model of colors takes JPEG, PNG, GIF, BMP and WebP, one of gray JPEG
                        and PNG. A batch with broken files fails, with an error that has the
                        places of all of them; `components.serving.signatures` says why
    serving_examples    examples: string [batch], serialized tf.train.Examples with the raw
                        features -> the same
    transform_features  examples: string [batch] -> image/class/label, int64 [batch]
"""

import dataclasses

IMAGE_ENCODED = "image/encoded"
IMAGE_FORMAT = "image/format"
IMAGE_HEIGHT = "image/height"
IMAGE_WIDTH = "image/width"
IMAGE_CHANNELS = "image/channels"
IMAGE_BYTES = "image/bytes"
IMAGE_ASPECT_RATIO = "image/aspect_ratio"
IMAGE_BRIGHTNESS = "image/brightness"
IMAGE_CONTRAST = "image/contrast"
IMAGE_SHARPNESS = "image/sharpness"
IMAGE_ENTROPY = "image/entropy"
IMAGE_TREATMENT = "image/treatment"
IMAGE_FILENAME = "image/filename"
IMAGE_SHA256 = "image/sha256"
CLASS_TEXT = "image/class/text"

IMAGE_PIXELS = "image/pixels"
CLASS_LABEL = "image/class/label"

AS_FOUND = "as found"
"""The treatment of a file that TensorFlow decodes itself; all others were transcoded."""

INTEGER_FEATURES = (IMAGE_HEIGHT, IMAGE_WIDTH, IMAGE_CHANNELS, IMAGE_BYTES)
FLOAT_FEATURES = (
    IMAGE_ASPECT_RATIO,
    IMAGE_BRIGHTNESS,
    IMAGE_CONTRAST,
    IMAGE_SHARPNESS,
    IMAGE_ENTROPY,
)
TEXT_FEATURES = (IMAGE_FORMAT, CLASS_TEXT, IMAGE_TREATMENT)
# Unique to each image: their statistics would cost memory and say nothing.
IDENTIFYING_FEATURES = (IMAGE_FILENAME, IMAGE_SHA256)
RAW_FEATURES = (
    IMAGE_ENCODED,
    *TEXT_FEATURES,
    *INTEGER_FEATURES,
    *FLOAT_FEATURES,
    *IDENTIFYING_FEATURES,
)

TRAIN_SPLIT = "train"
EVAL_SPLIT = "eval"
TEST_SPLIT = "test"
SPLITS = (TRAIN_SPLIT, EVAL_SPLIT, TEST_SPLIT)

CLASS_NAMES_VOCABULARY = "class_names"

BYTES_SIGNATURE = "serving_default"
EXAMPLES_SIGNATURE = "serving_examples"
TRANSFORM_SIGNATURE = "transform_features"
PROBABILITIES = "probabilities"
BASELINE_PROBABILITIES = "baseline_probabilities"
"""In the records of answers, those of the serving model; see `evaluation.answered_examples`."""
CLASS_NAMES = "class_names"
TOP_CLASS = "top_class"
TOP_K_CLASSES = "top_k_classes"
TOP_K_PROBABILITIES = "top_k_probabilities"
TOP_K = 5


@dataclasses.dataclass(frozen=True)
class ImageShape:
    """The size of every image that reaches a model.

    Attributes:
        height: Pixels.
        width: Pixels.
        channels: 1 for gray, 3 for RGB.
    """

    height: int
    width: int
    channels: int

    @property
    def dimensions(self) -> tuple[int, int, int]:
        """(height, width, channels), as Keras and TensorFlow take a shape."""
        return (self.height, self.width, self.channels)
