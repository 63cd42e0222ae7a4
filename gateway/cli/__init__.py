"""The command `gateway`. Each command is loaded when it is called: `gateway --help` waits for none of them."""

import click

from gateway.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    commands_in={
        "map": ("gateway.cli.map:map_", "Run, test, explain and check mappings, without a server."),
        "validate": ("gateway.cli.validate:validate", "Check FHIR resources against R4 and profiles."),
        "profiles": ("gateway.cli.profiles:profiles", "Install, check and make FHIR packages of profiles."),
        "serve": ("gateway.cli.serve:serve", "Start the gateway: HTTP and MLLP."),
        "demo": ("gateway.cli.demo:demo", "Send the samples through every door and show what comes of it."),
        "keys": ("gateway.cli.keys:keys", "Make the keys of tokens and of the store."),
        "certs": ("gateway.cli.certs:certs", "Make development certificates."),
        "partners": ("gateway.cli.partners:partners", "Say who the gateway works with, and what each may."),
        "people": ("gateway.cli.people:people", "Say who logs in where the gateway is shown."),
        "inbox": ("gateway.cli.inbox:inbox", "Look at messages as they came, and take them again."),
        "outbox": ("gateway.cli.outbox:outbox", "Look at what is told outward, and have it sent again."),
        "quality": ("gateway.cli.quality:quality", "Count which share of the messages arrived as they should."),
        "kpi": ("gateway.cli.kpi:kpi", "Compute the indicators of a region from what the store kept."),
        "audit": ("gateway.cli.audit:audit", "Say who did what, and whether that is as it was written."),
        "store": ("gateway.cli.store:store", "Make, migrate, inspect and export a store."),
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="msb-gateway", prog_name="gateway")
def main() -> None:
    """The broker of Dutch acute-care coordination: provider messages in, FHIR R4 out."""
