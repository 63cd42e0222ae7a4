"""The broker of Dutch acute-care coordination: provider messages in, FHIR R4 out."""

__version__ = "0.1.0"
