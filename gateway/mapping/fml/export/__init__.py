"""A mapping as a StructureMap (R4), and with `gateway.mapping.fml.writer` as FML text.

Every mapping of the YAML language can be written so, and the map that comes out runs to the same output here. What is
standard in it and what is this gateway's own stands in docs/mapping-language.md.
"""

from gateway.mapping.fml.export.maps import export

__all__ = ["export"]
