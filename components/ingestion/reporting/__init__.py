"""What became of all files -> one audit, and its page.

findings.py       what can be wrong, in words
summary.py        images, rejections and findings -> an audit, on Beam, by facts.py
conclusions.py    sums -> the audit, with what only all images together tell, such as balance.py
audit.py          the audit
distributions.py  how sizes and qualities are distributed
report/           the audit as one HTML file
"""
