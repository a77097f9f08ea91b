"""The command `tricord`: what there is, told without importing any of it."""

import importlib
import sys
from pathlib import Path
from typing import Any

import click

_COMMANDS = {
    "demo": ("running", "Run the demo firm: the hub beside sandbox vendors, on this machine."),
    "init": ("setup", "Make a home: a key, a policy to edit, a place for secrets."),
    "check": ("setup", "Check the policy, then each connection's credentials."),
    "connect": ("connect", "Give access to a vendor's account, in the browser."),
    "backfill": ("backfill", "Import what is there already; nothing is sent."),
    "go-live": ("going_live", "See what would happen from now on, and sign it."),
    "up": ("hub", "Run the hub: webhooks, engine and console in one process."),
    "serve": ("hub", "Take webhooks and show the console, beside workers."),
    "work": ("hub", "Do the work, beside any number of other workers."),
    "link": ("link", "A link that opens the console once."),
    "watch": ("watch", "Send alerts, in a process that works while the engine is dead."),
    "selftest": ("selftest", "Break one sync on purpose, and see its alert arrive."),
    "status": ("listing", "How the whole is doing: what waits, what is at stake."),
    "accounts": ("listing", "The clients, with what they owe."),
    "invoices": ("listing", "The invoices, as our own books have them."),
    "commands": ("listing", "What was asked of vendors, and what became of it."),
    "cases": ("cases", "What a person must look at, and what to do about it."),
    "explain": ("listing", "Why something was done, or was not, from the record."),
    "approve": ("deciding", "Let a held invoice leave."),
    "retry": ("deciding", "Try a refused or unknown command again."),
    "edit": ("deciding", "Correct a refused command and try it again."),
    "skip": ("deciding", "Give a command up, with a reason."),
    "reread": ("deciding", "Read a parked delivery again."),
    "replay": ("replay", "Have a delivery or a command come up again, with a preview."),
    "resolve": ("deciding", "Close a case, with a reason."),
    "identity": ("identity", "Whose records are whose: the match queue, links, merges."),
    "log": ("listing", "The audit log, newest first."),
    "sandbox": ("running", "Run sandbox vendors alone."),
    "connector": ("connector", "Write and check connectors."),
}


class _Lazy(click.Group):
    """Imports a command's module when the command is used, never to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"tricord.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in _COMMANDS.items()])


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "TRICORD"},
)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    envvar="TRICORD_HOME",
    help="The folder with tricord.yaml, the key and the database.  [default: ~/.tricord]",
)
@click.version_option(package_name="tricord", prog_name="tricord")
@click.pass_context
def tricord(ctx: click.Context, home: Path | None) -> None:
    """One durable cord between a firm's CRM, its billing engine and its communications.

    Start with `tricord demo`. Exit codes: 0 all is well, 1 problems were found, 2 bad usage.
    """
    ctx.obj = {"home": home or Path.home() / ".tricord"}


def main(arguments: list[str] | None = None) -> Any:
    """Run one command and leave with its exit code. Known problems print as one plain message."""
    try:
        code = tricord.main(args=arguments, standalone_mode=False)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
