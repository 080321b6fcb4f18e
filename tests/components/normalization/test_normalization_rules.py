import math
import re

import pytest

from components.normalization.normalization_rules import ImageRules


def test_defaults() -> None:
    assert ImageRules(3).to_dict() == {
        "channels": 3,
        "animations": "first_frame",
        "background": "#ffffff",
        "max_megapixels": 100.0,
    }


def test_rules_survive_a_dictionary() -> None:
    rules = ImageRules(1, "reject", "#0aF09b", 12)
    assert ImageRules.from_dict(rules.to_dict()) == rules


def test_the_largest_file_is_one_that_is_not_compressed() -> None:
    assert ImageRules(3, max_megapixels=1.5).max_bytes == 12_000_000


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"channels": 2}, "channels must be 1 for gray or 3 for RGB. Received: 2."),
        ({"channels": True}, "channels must be 1 for gray or 3 for RGB. Received: True."),
        (
            {"animations": "last_frame"},
            "animations must be one of first_frame, reject. Received: 'last_frame'.",
        ),
        *(
            (
                {"background": color},
                "background must be a color such as #ffffff: # and six hexadecimal digits. "
                f"Received: {color!r}.",
            )
            for color in ("white", "#fff", "#ffffff0", "#ffffff\n", "#gggggg", None)
        ),
        *(
            (
                {"max_megapixels": number},
                "max_megapixels must be above 0 and at most 178, the most that TensorFlow and "
                f"Pillow decode. Received: {number!r}.",
            )
            for number in (0, -1, 178.1, math.inf, math.nan, "100", True, None)
        ),
    ],
)
def test_what_is_refused(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ImageRules(**{"channels": 3, **values})


@pytest.mark.parametrize("values", [{}, {"channels": 3}, {**ImageRules(3).to_dict(), "x": 1}, []])
def test_a_dictionary_of_other_keys_is_refused(values: object) -> None:
    message = (
        "Image rules must be an object with the keys animations, background, channels, "
        f"max_megapixels. Received: {values!r}."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ImageRules.from_dict(values)  # type: ignore[arg-type]
