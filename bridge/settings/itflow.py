"""ITFlow: where it is, how the mirror follows it, how writes reach it."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import AnyHttpUrl, Field, SecretStr, model_validator

from bridge.errors import SettingsError
from bridge.settings.kinds import Seconds, Section


class ItflowSection(Section):
    """Where ITFlow is and how to ask it."""

    url: AnyHttpUrl | None = Field(None, description="Address of ITFlow, such as https://itflow.example.com")
    api_key: SecretStr | None = Field(None, description="API key of ITFlow (Admin > API keys)")
    api_key_file: Path | None = Field(None, description="File that holds the API key, instead of itflow.api_key")
    timeout_s: Seconds = Field(10, description="Longest wait for one answer of ITFlow")
    page_size: int = Field(1000, ge=2, description="Rows asked for at once; halves by itself when ITFlow fails")

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.api_key is not None and self.api_key_file is not None:
            raise ValueError("set itflow.api_key or itflow.api_key_file, not both")
        return self

    def require(self) -> tuple[str, str]:
        """The address and the API key.

        Raises:
            SettingsError: One of them is not set, or the key file cannot be read.
        """
        faults = []
        if self.url is None:
            faults.append(
                "itflow.url is not set: give ITFlow's address, as in BRIDGE_ITFLOW_URL=https://itflow.example.com, "
                'or in the file of settings as url = "https://itflow.example.com" below [itflow]'
            )
        key = ""
        try:
            key = self.key()
        except SettingsError as error:
            faults += error.faults
        if faults or self.url is None:
            raise SettingsError(faults)
        return str(self.url), key

    def key(self) -> str:
        """The API key, as the setting or the file has it now.

        Raises:
            SettingsError: It is not set, or the file cannot be read or is empty.
        """
        if self.api_key_file is None:
            if self.api_key is not None and self.api_key.get_secret_value():
                return self.api_key.get_secret_value()
            fault = (
                "itflow.api_key is not set: make a key in ITFlow (Admin > API keys) and give it as "
                "BRIDGE_ITFLOW_API_KEY or in the file named by BRIDGE_ITFLOW_API_KEY_FILE"
            )
            raise SettingsError([fault])
        try:
            key = self.api_key_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise SettingsError([f"itflow.api_key_file cannot be read: {error}"]) from error
        if not key:
            raise SettingsError([f"itflow.api_key_file: {self.api_key_file} is empty; write ITFlow's API key into it"])
        return key


class SyncSection(Section):
    """How the mirror follows ITFlow."""

    interval_s: Seconds = Field(60, description="Time between two pulls of clients, contacts, locations, vendors")
    money_interval_s: Seconds = Field(300, description="Time between two pulls of invoices and payments")
    max_wait_s: Seconds = Field(900, description="Longest wait between two tries while ITFlow fails")
    stale_s: Seconds = Field(3600, description="Age from which on the mirror counts as stale; two intervals at least")
    max_loss: float = Field(
        0.2, ge=0, le=1, description="Share of the known rows that one pull may lose before it is doubted"
    )


class AssetsSection(Section):
    """How new assets, and contacts, tickets and notes like them, reach ITFlow."""

    deadline_s: Seconds = Field(5, description="Longest time a caller waits for ITFlow's confirmation")
    repeat_window_s: Seconds = Field(600, description="Window in which a repeated request counts as the same asset")
    answer_s: Seconds = Field(
        600,
        description="Longest wait for the answer to a write: ITFlow holds writes while its database is dumped with "
        "locked tables",
    )
    settle_s: Seconds = Field(
        60,
        description="Pause after a write without an answer; then it is looked for in ITFlow and, if missing, sent "
        "again. It doubles with each further loss, up to max_wait_s",
    )
    max_wait_s: Seconds = Field(900, description="Longest wait between two tries to deliver an asset")
