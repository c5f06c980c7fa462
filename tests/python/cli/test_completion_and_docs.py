"""docs/cli.md is the parser's, every command is complete, and bash completes what it offers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from afe import cli
from afe.commands import NAMES
from afe.commands.completion_command import completion_script, subparsers_of

PROJECT = Path(__file__).parents[3]
COMMANDS = subparsers_of(cli.make_parser())


def test_the_page_is_up_to_date():
    """Also the exit statuses stand in it."""
    script = PROJECT / "scripts" / "generate_cli_docs.py"
    done = subprocess.run([sys.executable, str(script), "--check"], check=False)
    assert done.returncode == 0, "run scripts/generate_cli_docs.py"
    page = (PROJECT / "docs" / "cli.md").read_text()
    assert all(f"| {status} | " in page for status in (0, 1, 2, 130))


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_examples_and_json_and_explains_its_arguments(name):
    """Examples start with the command itself; no argument is left without a word."""
    parser = COMMANDS[name]
    assert "examples:\n" in parser.epilog and f"afe {name} " in parser.epilog
    assert any("--json" in action.option_strings for action in parser._actions)
    assert all(action.help for action in parser._actions)


def test_the_help_states_the_exit_statuses(capsys):
    """Where scripts' authors look first."""
    with pytest.raises(SystemExit) as exit_:
        cli.run(["--help"])
    text = capsys.readouterr().out
    assert exit_.value.code == 0 and "exit status:" in text and "130" in text


def _completed(folder, *words):
    """What bash offers for the last word."""
    script = completion_script(cli.make_parser(), "bash")
    line = " ".join(f"'{word}'" for word in words)
    call = f"COMP_WORDS=({line}) COMP_CWORD={len(words) - 1}; _afe\n"
    call += "printf '%s\\n' \"${COMPREPLY[@]}\""
    done = subprocess.run(
        ["bash", "-c", script + call], capture_output=True, text=True, cwd=folder, check=True
    )
    return done.stdout.split()


def test_bash_completes_commands_options_and_files(tmp_path):
    """In a folder with one file."""
    (tmp_path / "model.tflite").touch()
    assert set(NAMES) <= set(_completed(tmp_path, "afe", ""))
    assert _completed(tmp_path, "afe", "comp") == ["compile", "completion"]
    assert _completed(tmp_path, "afe", "compile", "mo") == ["model.tflite"]
    assert _completed(tmp_path, "afe", "compile", "--batch") == ["--batch-size"]
    assert _completed(tmp_path, "afe", "inspect", "--st") == ["--strict"]
    assert _completed(tmp_path, "afe", "completion", "z") == ["zsh"]


def test_the_script_is_printed_also_as_json(capsys):
    """zsh's loads its reader of bash scripts first."""
    assert cli.run(["completion", "zsh", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["shell"] == "zsh" and result["script"].startswith("autoload")
    assert "complete -o filenames -F _afe afe" in result["script"]
