"""Standard data set files turned into folders of images.

    source files --(idx, cifar10)--> LabelledImages --(datasets)--> ImageTree --(writer)--> folders

The readers know file formats, `datasets` knows class names and folder layouts,
and `writer` knows how to put a tree on the disk in one piece.
"""
