import numpy as np

from components.predictions import Answers, Predictions
from components.reporting.measuring.mistakes import find_mistakes


def test_the_most_confident_first():
    probabilities = np.array([[0.6, 0.4], [0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], np.float32)
    texts = np.array(["dog", "dog", "dog", "bird"], object)
    predictions = Predictions(texts, texts, texts, Answers(("cat", "dog"), probabilities))
    assert find_mistakes(predictions) == (1, 3, 0)
