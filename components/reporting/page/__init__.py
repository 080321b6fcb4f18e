"""Facts and measures -> one HTML file that needs nothing else, not even a network.

intervals.py    a value, its interval and its bound -> a drawing
checks.py       the release gate's checks -> rows, the broken ones first
class_rows.py   metrics by class -> rows, of a thousand classes the worst
matrix.py       confusion -> a matrix of at most 25 classes, and the pairs behind its cells
reliability.py  calibration -> a diagram
curves.py       a training -> charts of loss and accuracy by epoch
cards.py        test images -> pictures with their class and the answers
sections.py     what the page shows, and the pictures that it needs
writer.py       all of these -> HTML
"""
