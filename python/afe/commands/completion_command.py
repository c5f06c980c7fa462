"""`afe completion SHELL`: a script for the shell, made from the parser: nothing runs at Tab."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping

from afe.commands import print_json

SHELLS = ("bash", "zsh")

EXAMPLES = """examples:
  source <(afe completion bash)
  afe completion bash > ~/.local/share/bash-completion/completions/afe
  source <(afe completion zsh)
"""

_BASH = """\
_afe() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" command="${{COMP_WORDS[1]}}" words=
  if [ "$COMP_CWORD" -eq 1 ]; then
    words={commands}
  else
    case "$command" in
{cases}
    esac
  fi
  case "$COMP_CWORD:$current" in
    1:* | *:-*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "${{words%%-*}}" -- "$current") $(compgen -f -- "$current")) ;;
  esac
}}
complete -o filenames -F _afe afe
"""
_ZSH_HEAD = "autoload -U +X bashcompinit && bashcompinit\n"


def add(parser: argparse.ArgumentParser) -> None:
    """SHELL, --json."""
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=" or ".join(SHELLS))
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Prints the script."""
    from afe.cli import make_parser

    script = completion_script(make_parser(), arguments.shell)
    if arguments.json:
        print_json({"shell": arguments.shell, "script": script})
    else:
        print(script, end="")
    return 0


def completion_script(parser: argparse.ArgumentParser, shell: str) -> str:
    """The script; zsh reads bash's."""
    commands = subparsers_of(parser)
    cases = [
        f"      {name}) words={shlex.quote(' '.join(_words(command)))} ;;"
        for name, command in commands.items()
    ]
    words = " ".join([*commands, *_words(parser)])
    text = _BASH.format(commands=shlex.quote(words), cases="\n".join(cases))
    return _ZSH_HEAD + text if shell == "zsh" else text


def subparsers_of(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The commands' parsers by name."""
    (action,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    commands: Mapping[str, argparse.ArgumentParser] = action.choices
    return commands


def _words(parser: argparse.ArgumentParser) -> list[str]:
    """Choices of positional arguments, then every option."""
    choices = [
        str(choice)
        for action in parser._actions
        if not action.option_strings and not isinstance(action, argparse._SubParsersAction)
        for choice in action.choices or ()
    ]
    flags = [flag for action in parser._actions for flag in action.option_strings]
    return [*choices, *flags]
