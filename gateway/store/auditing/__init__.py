"""The audit once it is written: what its rows mean, how they are found, signed heads, and how long they are kept."""
