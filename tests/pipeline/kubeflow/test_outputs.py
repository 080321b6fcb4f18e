from pipeline.kubeflow.outputs import MOST_CLASSES, confusion_metadata


def of_class(right: int) -> dict[str, object]:
    return {"images": 10, "recall": {"right": right}}


def test_the_confusion_matrix():
    metrics = {
        "classes": {"cat": of_class(8), "dog": of_class(10)},
        "confusions": [{"class": "cat", "answer": "dog", "images": 2}],
    }
    assert confusion_metadata(metrics) == {
        "confusionMatrix": {
            "annotationSpecs": [{"displayName": "cat"}, {"displayName": "dog"}],
            "rows": [{"row": [8, 2]}, {"row": [0, 10]}],
        }
    }


def test_a_matrix_of_too_many_classes_is_no_picture():
    classes = {f"class {number}": of_class(1) for number in range(MOST_CLASSES + 1)}
    assert confusion_metadata({"classes": classes, "confusions": []}) == {}
