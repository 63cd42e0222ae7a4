"""The formulas: each makes cells of facts alone, so the same facts give the same answer whenever it is asked."""
