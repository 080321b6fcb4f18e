"""Arguments of Beam for pipelines that run in the process that lays them out."""

# Not DirectRunner: that lays each pipeline out for Prism first, which it wants to download, in any
# mode, and takes this one when that fails.
ONE_PROCESS = ("--runner=FnApiRunner",)
