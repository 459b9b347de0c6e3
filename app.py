"""The web app: ``python app.py`` serves the page on http://127.0.0.1:7860. A Hugging Face Space runs this file too."""

import argparse
import sys
from pathlib import Path

from ganedit.address import listen_at
from ganedit.errors import BadRequestError, UserError
from ganedit.stopping import listen

_END_SECONDS = 30  # a run that trains is saved first, and the pictures of visitors are removed


def main() -> None:
    """Serve until interrupted; what the caller can mend is told in one sentence."""
    listen(_END_SECONDS)
    try:
        _serve(_arguments())
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        return


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Serve ganedit's web page.")
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1, or GRADIO_SERVER_NAME)")
    parser.add_argument("--port", type=int, help="port (default: the first free one from 7860, or GRADIO_SERVER_PORT)")
    parser.add_argument("--share", action="store_true", help="also open a public link through gradio.live")
    parser.add_argument("--auth-file", type=Path, metavar="F", help="file of user:password lines; people must log in")
    parser.add_argument(
        "--public", action="store_true", help="strangers will use it: no model management, blocked words"
    )
    parser.add_argument("--allow-training", action="store_true", help="with --public: strangers may train here too")
    parser.add_argument("--mcp", action="store_true", help="offer the HTTP endpoints as MCP tools too")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="answer to this name too; may be repeated"
    )
    parser.add_argument("--allow-addresses", action="store_true", help="calls may name files by http addresses")
    parser.add_argument("--max-output-megapixels", type=float, default=80.0, metavar="N", help="default: 80")
    return parser.parse_args()


def _serve(args: argparse.Namespace) -> None:
    """Build the engine and the page, and serve it."""
    bound = listen_at(args.host, args.port)
    logins = read_logins(args.auth_file) if args.auth_file else None

    from ganedit.engine import Engine
    from ganedit.ui import UiSettings, build_ui, launch_options
    from ganedit.ui.serving import serve

    settings = UiSettings(
        args.public,
        args.max_output_megapixels,
        args.mcp,
        auth=bool(logins),
        training=args.allow_training,
        host=args.host,
        allow_hosts=tuple(args.allow_host),
        allow_addresses=args.allow_addresses,
    )
    options = launch_options(settings, share=args.share)
    page = build_ui(Engine(max_output_megapixels=args.max_output_megapixels, blocks_words=args.public), settings)
    serve(page, bound, auth=logins, **options)


def read_logins(path: Path) -> list[tuple[str, str]]:
    """Read user:password lines.

    Raises:
        BadRequestError: there is no such file, it cannot be read, or it holds none.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise BadRequestError(f"{path} cannot be read ({error.strerror}); name a file that this user may.") from error
    except UnicodeDecodeError as error:
        raise BadRequestError(f"{path} is no text in UTF-8; write a user:password a line.") from error
    pairs = [line.partition(":") for line in lines]
    logins = [(user, password) for user, _, password in pairs if user and password]
    if not logins:
        raise BadRequestError(f"{path} holds no user:password line; write one a line.")
    return logins


if __name__ == "__main__":
    main()
