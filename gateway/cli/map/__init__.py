"""`gateway map`: what an integration tester works with. Offline, on files or standard input."""

import click

from gateway.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    commands_in={
        "list": ("gateway.cli.map.listing:list_", "What is installed: mapping, version, format, what it accepts."),
        "run": ("gateway.cli.map.run:run_", "Map messages to transaction Bundles."),
        "test": ("gateway.cli.map.cases:test", "Run the golden cases beside the mappings."),
        "accept": ("gateway.cli.map.cases:accept", "Renew golden files on purpose."),
        "explain": ("gateway.cli.map.explain:explain", "Where did this element come from?"),
        "trace": ("gateway.cli.map.explain:trace", "The trace of a message, as a table or JSON."),
        "coverage": ("gateway.cli.map.coverage:coverage", "Rules that no case fires, fields that no case reads."),
        "lint": ("gateway.cli.map.lint:lint", "Check mappings, fragments, ConceptMaps and overlays."),
        "compile": ("gateway.cli.map.lint:compile_", "Make the program of a mapping; show its source."),
        "diff": ("gateway.cli.map.diff:diff", "What another version of a mapping changes, over a corpus."),
        "codes": ("gateway.cli.map.codes:codes", "Codes without a row in a ConceptMap; lines for them."),
        "watch": ("gateway.cli.map.watch:watch", "Map a message again whenever a file of the mapping is saved."),
        "new": ("gateway.cli.map.new:new", "Begin a mapping from a sample message."),
        "export": ("gateway.cli.map.exchange:export", "Write mappings as FML or as StructureMaps."),
        "import": ("gateway.cli.map.importing:import_", "Install FML, a StructureMap, or HL7 v2-to-FHIR tables."),
        "bench": ("gateway.cli.map.bench:bench", "How many messages a second, against the floor."),
    },
)
def map_() -> None:
    """Run, test, explain and check mappings, without a server."""
