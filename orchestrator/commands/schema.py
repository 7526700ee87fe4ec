"""``tldmi-sweep schema``: JSON Schemas for editors and programs."""

import click

from orchestrator.commands.options import print_json
from orchestrator.documents.schemas import SchemaDocument, schema_names, schema_of
from orchestrator.selection import plugin_option


@click.command()
@plugin_option(expose_value=False)
@click.argument("name", type=click.Choice(schema_names()), metavar="NAME")
def schema(name: str) -> None:
    """Print the JSON Schema of a file or document, or the columns of the tables of a store.

    \b
    space, setup   YAML files that you write: give the schema to your editor
    tables         column -> type of every table of a store
    COMMAND        document that COMMAND --json prints: run, status, spaces-validate, cluster-check ...
    """
    print_json(SchemaDocument(schema_of(name)))
