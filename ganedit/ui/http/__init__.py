"""The door to the network: what is let in, from whom, and what every answer carries."""

from ganedit.ui.http.clients import client_key
from ganedit.ui.http.connections import PatientProtocol
from ganedit.ui.http.harden import Harden
from ganedit.ui.http.hosts import Hosts, naming_hosts, started_names
from ganedit.ui.http.rules import Rules

__all__ = ["Harden", "Hosts", "PatientProtocol", "Rules", "client_key", "naming_hosts", "started_names"]
