"""The web app: ``python app.py`` serves the page on http://127.0.0.1:7860. A Hugging Face Space runs this file too."""

import argparse
import signal
import sys
from pathlib import Path


def main() -> None:
    """Read the arguments, build the engine and the page, and serve until interrupted."""
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
    parser.add_argument("--max-output-megapixels", type=float, default=80.0, metavar="N", help="default: 80")
    args = parser.parse_args()
    logins = read_logins(args.auth_file, parser) if args.auth_file else None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # like Ctrl+C: the pictures of visitors are removed on exit

    from ganedit.engine import Engine
    from ganedit.ui import UiSettings, build_ui, launch_options

    settings = UiSettings(
        args.public, args.max_output_megapixels, args.mcp, auth=bool(logins), training=args.allow_training
    )
    page = build_ui(Engine(max_output_megapixels=args.max_output_megapixels, blocks_words=args.public), settings)
    page.launch(server_name=args.host, server_port=args.port, auth=logins, **launch_options(settings, share=args.share))


def read_logins(path: Path, parser: argparse.ArgumentParser) -> list[tuple[str, str]]:
    """Read user:password lines; a file without any ends the program with one sentence and exit code 2."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    pairs = (line.partition(":") for line in lines)
    return [(p[0], p[2]) for p in pairs if p[0] and p[2]] or parser.error(f"{path} holds no user:password line")


if __name__ == "__main__":
    main()
