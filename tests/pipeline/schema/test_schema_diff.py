from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from pipeline.schema.schema_diff import describe_differences, is_same, unified_diff


def _schema(classes, formats=("png",), brightness="min: 0.1 max: 0.9", height="min: 1"):
    def domain(values):
        return "".join(f'value: "{value}" ' for value in values)

    return text_format.Parse(
        f"""
        feature {{ name: "image/class/text" string_domain {{ {domain(classes)} }} }}
        feature {{ name: "image/format" string_domain {{ {domain(formats)} }} }}
        feature {{ name: "image/brightness" float_domain {{ {brightness} }} }}
        feature {{ name: "image/height" int_domain {{ {height} }} }}
        feature {{ name: "image/encoded" }}
        """,
        schema_pb2.Schema(),
    )


def _describe(*schemas):
    return [line.plain for line in describe_differences(*schemas)]


def test_the_order_of_features_is_no_difference():
    one, other = _schema(["a", "b"]), _schema(["a", "b"])
    features = sorted(other.feature, key=lambda feature: feature.name, reverse=True)
    del other.feature[:]
    other.feature.extend(features)
    assert is_same(one, other)
    assert not is_same(one, _schema(["a", "c"]))
    assert _describe(one, other) == []


def test_classes_come_and_go_and_move_others():
    frozen = _schema(["cat", "dog", "zebra"])
    proposed = _schema(["bird\\n", "cat", "zebra"])
    assert _describe(frozen, proposed) == [
        "classes: 3 -> 3",
        "  + 'bird\\n'",
        "  - 'dog': no images",
        "  numbers change: 'cat' 0 -> 1. Models that were pushed before have their own list of "
        "names and go on answering rightly; tell clients that use numbers.",
    ]


def test_a_class_at_the_end_moves_none():
    assert _describe(_schema(["cat", "dog"]), _schema(["cat", "dog", "eel"])) == [
        "classes: 2 -> 3",
        "  + 'eel'",
    ]


def test_formats_and_ranges():
    frozen = _schema(["cat", "dog"])
    proposed = _schema(["cat", "dog"], ["gif", "png"], "min: 0 max: 1", "min: 1 max: 9000")
    assert _describe(frozen, proposed) == [
        "formats: 1 -> 2",
        "  + 'gif'",
        "image/brightness: 0.1 to 0.9 -> 0 to 1",
        "image/height: 1 to any -> 1 to 9000",
    ]


def test_everything_is_new_where_there_was_nothing():
    assert _describe(schema_pb2.Schema(), _schema(["cat", "dog"])) == [
        "classes: 0 -> 2",
        "  + 'cat'",
        "  + 'dog'",
        "formats: 0 -> 1",
        "  + 'png'",
        "image/brightness: any -> 0.1 to 0.9",
        "image/height: any -> 1 to any",
    ]


def test_lines_are_shown_as_diff_does():
    lines = list(unified_diff("# by hand\na\nb\n", "a\nc\n", "x.pbtxt"))
    assert [(line.plain, line.style) for line in lines] == [
        ("--- x.pbtxt", "bold"),
        ("+++ x.pbtxt, proposed", "bold"),
        ("@@ -1,3 +1,2 @@", "cyan"),
        ("-# by hand", "red"),
        (" a", ""),
        ("-b", "red"),
        ("+c", "green"),
    ]
