"""The serving directory: `<serving>/<name>/<version>/`, and what may happen in it.

Without TensorFlow, so that a rollback takes a second, and on file systems that rename in one step,
flush and lock (local ones, NFS, volumes of a cluster): that is what the promise rests on that no
server ever sees a part of a version.

    <version>/                  complete, from the moment that it can be seen
    <version>/assets.extra/     release.json, the report, the model card, warm-up requests
    releases.jsonl              who did what, when and why; lines are only ever added
    .lock                       held while anything changes
    .unfinished-<version>       a push that goes on, or was cut off
    .removed-<version>          a removal that goes on, or was cut off

`model_folder` is `<serving>/<name>` everywhere; where nothing is changed, it need not exist.

layout.py      names, which versions there are, and files and folders that survive a power cut
lock.py        one at a time, and the identity that is given once
release.py     release.json: where a version comes from, and every file against its digest
log.py         releases.jsonl, and what it says of versions that were rolled back
publishing.py  a model -> a new version, whole or not at all
rollback.py    an older version -> a new version, and the newer ones rolled back
removing.py    old versions, and what was cut off
"""
