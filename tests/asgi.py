"""Requests to an ASGI app without a network, and the smallest app to stand behind what is tested."""

import asyncio
import json
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the number of bytes read and the JSON in them; a body that cannot be read is a 400, as in FastAPI."""
    try:
        body = await Request(scope, receive).body()
    except Exception:
        await JSONResponse({"detail": "error parsing the body"}, status_code=400)(scope, receive, send)
        return
    try:
        told = {"json": json.loads(body)}
    except ValueError:
        told = {}
    await JSONResponse({"bytes": len(body)} | told)(scope, receive, send)


def ask(app: ASGIApp, method: str, path: str, host: str = "localhost", **request: Any) -> httpx.Response:
    """Send one request to an app."""

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=("192.0.2.1", 5))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            return await client.request(method, path, **request)

    return asyncio.run(once())
