"""Where the app listens: taken before anything heavy is imported, so that what cannot be is one sentence at once."""

import errno
import os
import socket

from ganedit.errors import BadRequestError

_HOST, _PORT, _PORTS_TRIED = "127.0.0.1", "7860", 100


def listen_at(host: str | None = None, port: int | None = None) -> socket.socket:
    """Take an address for the app.

    Args:
        host: name or address of this machine; None is ``GRADIO_SERVER_NAME``, else 127.0.0.1.
        port: None is the first free one from ``GRADIO_SERVER_PORT``, else from 7860.

    Returns:
        The bound socket; a server listens on it.

    Raises:
        BadRequestError: the port is taken or none, or the host is not an address of this machine.
    """
    host = host or os.environ.get("GRADIO_SERVER_NAME") or _HOST
    if port is not None:
        ports = range(_checked("--port", str(port)), port + 1)
    else:
        first = _checked("GRADIO_SERVER_PORT", os.environ.get("GRADIO_SERVER_PORT") or _PORT)
        ports = range(first, min(first + _PORTS_TRIED, 1 << 16))
    for number in ports:
        try:
            return _bound(host.strip("[]"), number)
        except (OSError, UnicodeError) as error:  # a name that cannot be written as a host's is the latter
            if getattr(error, "errno", None) != errno.EADDRINUSE:
                raise BadRequestError(_sentence(error, host, number)) from error
    taken = f"Port {ports[0]} is" if len(ports) == 1 else f"The ports {ports[0]} to {ports[-1]} are"
    raise BadRequestError(f"{taken} taken by another program; end it, or choose another one with --port.")


def _checked(name: str, value: str) -> int:
    if not (value.isdecimal() and 0 < int(value) < 1 << 16):
        raise BadRequestError(f"{name} must be a whole number from 1 to 65535, not {value[:50]}.")
    return int(value)


def _bound(host: str, port: int) -> socket.socket:
    """Bind to an address; of a name with several, the first that is IPv4, as browsers know them all."""
    found = sorted(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), key=lambda each: each[0] != socket.AF_INET)
    family, kind, _, _, address = found[0]
    bound = socket.socket(family, kind)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just left is free
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def _sentence(error: Exception, host: str, port: int) -> str:
    if isinstance(error, PermissionError):
        return f"Port {port} may not be used without rights; choose one above 1023 with --port."
    return f"{host[:100]} is no address of this machine; leave --host out, or give 127.0.0.1, or 0.0.0.0 for all."
