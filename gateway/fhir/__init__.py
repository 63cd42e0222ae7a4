"""FHIR R4 itself: its tables, JSON, dates, references, Bundles and OperationOutcomes."""
