"""The door to the network: what is let in, from whom, and what every answer carries."""

from ganedit.ui.http.clients import client_key
from ganedit.ui.http.harden import Harden
from ganedit.ui.http.hosts import Hosts, started_names
from ganedit.ui.http.rules import Rules

__all__ = ["Harden", "Hosts", "Rules", "client_key", "started_names"]
