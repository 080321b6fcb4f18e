"""Artifacts -> `RunFacts`.

reading.py      the artifacts of all steps -> what is known of the run
audits.py       the audits of several spans -> one
fingerprint.py  manifests -> one digest of all images
lineage.py      artifacts -> which step made them, in which time and memory
versions.py     the libraries that a result may depend on
"""
