from components.reporting.page.cards import (
    Answer,
    both_answers,
    make_cards,
    own_answer,
    suggestion,
)
from tests.components.release.made_up import make_answers, make_predictions


def test_a_card_of_a_mistake():
    (card,) = make_cards(make_predictions(["cat", "dog"], ["dog", "dog"]), [0], own_answer, 96)
    assert (card.filename, card.class_text, card.side) == ("00000.png", "cat", 96)
    assert card.sha256 == "0" * 64
    assert card.answers == (Answer("answer", "dog", "90 %", is_right=False),)


def test_what_the_label_should_perhaps_be():
    (answer,) = suggestion(make_predictions(["cat"], ["dog"]), 0)
    assert (answer.label, answer.class_text) == ("perhaps", "dog")


def test_both_models_with_their_own_classes():
    before = make_answers(["bird", "fish"], ["fish"], 0.75)
    answers = both_answers(make_predictions(["cat"], ["cat"], baseline=before), 0)
    assert answers == (
        Answer("before", "fish", "75 %", is_right=False),
        Answer("now", "cat", "90 %", is_right=True),
    )
