"""`python -m pipeline.releases`: what is in a serving directory, and the rollback.

releases_cli.py        arguments -> what each command prints and does
versions.py            the serving directory -> what there is to say of each version
version_differences.py two versions -> what is different
version_tables.py      values -> tables
"""
