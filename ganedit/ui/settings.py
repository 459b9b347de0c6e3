"""What the page is told when it is built."""

from dataclasses import dataclass

from ganedit.ui.limits import PUBLIC_LIMIT_SECONDS


@dataclass(frozen=True)
class UiSettings:
    """Choices of whoever starts the app.

    Attributes:
        public: strangers will use it: no uploading or removing of models.
        max_output_megapixels: larger results are refused with one sentence.
        mcp: offer the named endpoints as MCP tools too.
        auth: people log in; only told so that the page can say it.
        training: strangers may train here too.
        host: where it listens; None is gradio's own choice. A name is answered to.
        allow_hosts: further names that are answered to.
        allow_addresses: calls may name files by http addresses, which are fetched.
    """

    public: bool = False
    max_output_megapixels: float = 80.0
    mcp: bool = False
    auth: bool = False
    training: bool = False
    host: str | None = None
    allow_hosts: tuple[str, ...] = ()
    allow_addresses: bool = False

    @property
    def limit_seconds(self) -> float | None:
        """The longest edit allowed; None does not limit."""
        return PUBLIC_LIMIT_SECONDS if self.public else None
