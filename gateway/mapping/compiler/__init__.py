"""From the intermediate form to Python: names, expressions, templates, one program for a mapping and a provider."""
