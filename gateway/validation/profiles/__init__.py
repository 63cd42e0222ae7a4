"""Profile validation: StructureDefinitions as published, compiled and asked.

    definitions = Definitions(); definitions.add_folder(Path("package"))
    profile_issues(ProfileLibrary(definitions), resource, ["https://example.org/StructureDefinition/x"])

https://hl7.org/fhir/R4/profiling.html
"""

from gateway.validation.profiles.definitions import Definitions
from gateway.validation.profiles.library import Profile, ProfileLibrary
from gateway.validation.profiles.snapshot import snapshot
from gateway.validation.profiles.validator import claims, profile_issues

__all__ = ["Definitions", "Profile", "ProfileLibrary", "claims", "profile_issues", "snapshot"]
