"""8. What every step found -> one page for those who must decide or explain."""
