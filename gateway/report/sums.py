"""How much was taken, set apart, refused, and what it made."""

from collections import Counter

from gateway.ingest import Ingested


def sums(ingested: Ingested) -> dict[str, int]:
    """Return the counts of a report."""
    refused = sum(message.refusal is not None for message in ingested.messages)
    made = Counter(one.status for message in ingested.messages for one in message.made)
    return {
        "taken": len(ingested.messages) - refused,
        "refused": refused,
        "rows": sum(message.rows for message in ingested.messages),
        "apart": sum(issue.code == "row-quarantined" for issue in ingested.issues),
        **{status: made[status] for status in ("created", "updated", "deleted", "unchanged", "superseded")},
    }
