"""The command line's outermost layer: run one command, turn every outcome into one message and an exit code.

In:  the arguments of the process.
Out: exit code 0; 1 failed; 2 wrong settings or usage; 70 a worker that gave up; 130 interrupted.

No stack trace is shown without --debug.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from stream.errors import EXIT_FAILED, EXIT_USAGE, LeadpulseError
from stream.shown import plain

EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command and exit."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["worker"]:
        # a worker that is told to stop ends with 0, also while the rest is imported: so it is imported later
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    sys.exit(run(arguments))


def run(argv: list[str]) -> int:
    """Run a command; give its exit code."""
    import click

    from stream.cli.root import root

    try:
        code = root.main(argv, prog_name="leadpulse", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        error.show()
        return EXIT_USAGE
    except click.ClickException as error:
        error.show()
        return EXIT_FAILED
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except LeadpulseError as error:
        return _tell(error, str(error), error.exit_code)
    except OSError as error:
        where = f"\n  where: {error.filename}" if error.filename else ""
        return _tell(error, f"{error.strerror or error}.{where}", EXIT_FAILED)
    except Exception as error:
        # A bug: its text may hold what was being worked on, so only its name is told.
        what = f"An unexpected {type(error).__name__} stopped this command."
        return _tell(error, f"{what}\n  do:    Run it again with --debug to see where; please report it.", EXIT_FAILED)


def _tell(error: Exception, message: str, code: int) -> int:
    import click

    from stream.cli.root import debugging

    if debugging():
        raise error
    click.echo(plain(f"leadpulse: {message}", keep="\n"), err=True)
    return code


if __name__ == "__main__":
    main()
