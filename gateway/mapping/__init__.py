"""From a provider's message to FHIR resources: front ends, checks, generated code, trace.

    mapping.yaml ─ yaml_tree ─ yaml_front ─► ir ─ checks ─ codegen ─► a Python function ─ run ─► Mapped

`docs/mapping-language.md` is the language; https://hl7.org/fhirpath/N1/ its expressions.
"""
