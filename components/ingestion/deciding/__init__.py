"""Examinations -> what becomes of each image, on Beam.

examinations
  -> equal files: one is used, or all are set aside,
     or none if an earlier span has it                  equal_files.py
  -> images that look alike: pairs, then components,
     and equal pixels among those, as equal files       alike_files.py
  -> what file names tie together                       groups.py
  -> one split for what must stay together              placing.py
  -> all of these in a row                              decisions.py

No step compares all with all, and none holds all images: in memory are the pairs of near-duplicates
and the components that they form; what pairs are found by lies in files. Images go from step to
step by the thousand, packed; those that look alike or belong together go one by one.
"""
