"""FHIR packages as published: unpacked safely, kept in one folder with a lock file, made again byte for byte.

https://hl7.org/fhir/R4/packages.html
"""

from gateway.validation.packages.archive import Contents, read
from gateway.validation.packages.manifest import Manifest
from gateway.validation.packages.packing import pack
from gateway.validation.packages.store import Installed, PackageStore, sha256

__all__ = ["Contents", "Installed", "Manifest", "PackageStore", "pack", "read", "sha256"]
