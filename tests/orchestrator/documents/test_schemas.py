"""JSON Schemas: every shipped file is valid under them, misspelt ones are not."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from orchestrator.cli import main
from orchestrator.documents.schemas import FILES, schema_names, schema_of
from results.schema import SCHEMAS

SHIPPED = Path(__file__).parent.parent.parent.parent / "search_spaces"


@pytest.mark.parametrize("name", schema_names())
def test_a_schema_is_printed_and_is_one(name: str) -> None:
    printed = json.loads(CliRunner().invoke(main, ["schema", name]).stdout)
    assert printed == json.loads(json.dumps(schema_of(name)))
    Draft202012Validator.check_schema(printed)


@pytest.mark.parametrize("name", FILES)
def test_shipped_files_are_valid_under_their_schema(name: str) -> None:
    validator = Draft202012Validator(schema_of(name))
    files = sorted((SHIPPED / f"{name}s").glob("*.yaml"))
    assert len(files) > 5
    assert [(file.name, list(validator.iter_errors(yaml.safe_load(file.read_text())))) for file in files] == [
        (file.name, []) for file in files
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: tl_dmi\n", "kind: tl_dim\n"),
        ("log_uniform", "log"),
        ("sampler: tpe", "sampler: tpee"),
        ("seed:", "seeed:"),
    ],
)
def test_an_editor_notices_what_is_misspelt(old: str, new: str) -> None:
    text = (SHIPPED / "spaces" / "bido_vs_tldmi.yaml").read_text()
    assert old in text
    validator = Draft202012Validator(schema_of("space"))
    assert not validator.is_valid(yaml.safe_load(text.replace(old, new)))


def test_the_columns_of_every_table_are_listed() -> None:
    tables = schema_of("tables")["tables"]
    assert {table: list(columns) for table, columns in tables.items()} == {
        table: schema.names for table, schema in SCHEMAS.items()
    }
