"""Names of the outputs that the decisions hand to one another."""

ALONE = "alone"
TOGETHER = "together"
KEPT = "kept"
KNOWN = "known"
NEW = "new"
SIGNATURES = "signatures"
