"""What each step of the pipeline does, in the order in which an image passes through.

1. `ingestion`      image folders -> TFRecords, and an account of every file found
2. `validation`     statistics -> schema, anomalies -> go or stop
3. `preprocessing`  encoded images -> pixels of one size, class names -> integers
4. `training`       pixels -> a Keras model, by one of the `trainers`
5. `evaluation`     model and test images -> metrics, answers, blessed or not
6. `serving`        model -> signatures, answers in a fresh process, serving directory
7. `release`        evaluation, answers, what serves now -> released or refused, with the reasons
8. `reporting`      what every step found -> one page

All of them agree on `features` (the keys and shapes of a record), `normalization` (files of any
format -> bytes that TensorFlow decodes), `images` (how those become pixels), `artifact_types`,
`beam_arguments`, `step_cost` and `pages` (the look of what they write for people), speak to users
through `errors`, `progress` and `text`, ask `resources` what they may use of the machine, write
with `storage` what must never be seen half-written, and tell TFX's cache what it would miss
through `caching`. They never import `pipeline`, which decides which steps run and with what
settings.
"""
