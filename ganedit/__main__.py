"""``python -m ganedit``."""

import sys

from ganedit.stopping import STOPPED_CODE, listen


def run() -> None:
    """Listen for a stop, which may come while everything else is being imported, and run the command line."""
    listen()
    try:
        from ganedit.cli import main

        main()
    except KeyboardInterrupt:
        sys.exit(STOPPED_CODE)


if __name__ == "__main__":
    run()
