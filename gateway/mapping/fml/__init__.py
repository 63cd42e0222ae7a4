"""The FHIR Mapping Language as second front end: FML text and StructureMap JSON to the intermediate form, and back.

    lexer, parser   FML text → StructureMap (R4 JSON, every part with its place)
    resource        StructureMap JSON, with places
    writer          StructureMap → FML text
    front           StructureMap → groups and rules of `gateway.mapping.ir`
    program         those → Python, the expressions by the compiler that the YAML front end uses
    export          a mapping of any front end → StructureMap

http://hl7.org/fhir/R4/mapping-language.html, http://hl7.org/fhir/R4/structuremap.html
"""
