"""The HTTP edge: FHIR under /fhir, messages under /ingest, health under /health. Only here Flask is known."""
