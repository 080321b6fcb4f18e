"""The whole EvalConfig, as TFMA's documentation writes it."""

from google.protobuf import text_format
from tensorflow_model_analysis.proto import config_pb2

from components.evaluation.thresholds import evaluation_config

GOLDEN = """
model_specs {
  name: "candidate"
  model_type: "materialized_prediction"
  label_key: "image/class/label"
  prediction_key: "probabilities"
}
model_specs {
  name: "baseline"
  model_type: "materialized_prediction"
  label_key: "image/class/label"
  prediction_key: "baseline_probabilities"
  is_baseline: true
}
slicing_specs {}
slicing_specs { feature_keys: "image/class/text" }
metrics_specs {
  metrics {
    class_name: "SparseCategoricalAccuracy"
    config: '"name": "accuracy"'
    per_slice_thresholds {
      slicing_specs {}
      threshold {
        value_threshold { lower_bound { value: 0.699999 } }
        change_threshold { absolute { value: -0.020001 } direction: HIGHER_IS_BETTER }
      }
    }
  }
  metrics {
    class_name: "SparseTopKCategoricalAccuracy"
    config: '"name": "top_3_accuracy", "k": 3'
  }
  metrics { class_name: "SparseCategoricalCrossentropy" config: '"name": "loss"' }
  metrics { class_name: "ExampleCount" }
  metrics { class_name: "MultiClassConfusionMatrixPlot" }
}
metrics_specs {
  binarize { class_ids { values: [0, 1, 2] } }
  metrics {
    class_name: "ClassPrecision"
    module: "components.evaluation.class_metrics"
    config: '"name": "precision", "code_fingerprint": "0f"'
  }
  metrics {
    class_name: "ClassRecall"
    module: "components.evaluation.class_metrics"
    config: '"name": "recall", "code_fingerprint": "0f"'
  }
}
"""


def test_evaluation_config() -> None:
    config = evaluation_config(3, min_accuracy=0.7, max_accuracy_loss=0.02, code_fingerprint="0f")
    golden = text_format.Parse(GOLDEN, config_pb2.EvalConfig())
    assert text_format.MessageToString(config, float_format=".9g") == text_format.MessageToString(
        golden, float_format=".9g"
    )


def test_only_the_overall_accuracy_has_thresholds() -> None:
    config = evaluation_config(10, min_accuracy=0.5, max_accuracy_loss=0.0, code_fingerprint="")
    metrics = [metric for specs in config.metrics_specs for metric in specs.metrics]
    assert [metric.class_name for metric in metrics if metric.HasField("threshold")] == []
    limited = {
        metric.class_name: [list(each.slicing_specs) for each in metric.per_slice_thresholds]
        for metric in metrics
        if metric.per_slice_thresholds
    }
    assert limited == {"SparseCategoricalAccuracy": [[config_pb2.SlicingSpec()]]}
