"""Numbers to write in many ways: phonenumbers' own examples of every region and kind."""

from __future__ import annotations

from collections.abc import Iterator

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat, PhoneNumberType

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS = {
    "fixed": PhoneNumberType.FIXED_LINE,
    "mobile": PhoneNumberType.MOBILE,
    "toll free": PhoneNumberType.TOLL_FREE,
    "premium rate": PhoneNumberType.PREMIUM_RATE,
    "shared cost": PhoneNumberType.SHARED_COST,
    "personal": PhoneNumberType.PERSONAL_NUMBER,
    "VoIP": PhoneNumberType.VOIP,
    "pager": PhoneNumberType.PAGER,
    "UAN": PhoneNumberType.UAN,
    "voicemail": PhoneNumberType.VOICEMAIL,
}


def digits(text: str) -> str:
    """The digits of a text."""
    return "".join(c for c in text if c.isdigit())


class Written:
    """A number and the parts that its spellings are put together from."""

    def __init__(self, region: str, number: PhoneNumber) -> None:
        metadata = PhoneMetadata.metadata_for_region(region)
        assert metadata is not None
        self.region = region
        self.e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        self.code = str(number.country_code)
        self.significant = phonenumbers.national_significant_number(number)
        self.national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        self.international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
        self.rfc3966 = phonenumbers.format_number(number, PhoneNumberFormat.RFC3966)
        exit_code = metadata.international_prefix or ""
        self.exit_code = exit_code if exit_code.isdigit() else "00"
        self.trunk_zero = metadata.national_prefix == "0"

    @property
    def bare(self) -> str:
        """The digits of E.164, as ITFlow's API stores them."""
        return self.e164[1:]

    def eight_spellings(self) -> tuple[str, ...]:
        """What a trunk in the number's own region sends."""
        return (
            self.e164,
            self.international,
            f"00{self.bare}",
            f"{self.exit_code}{self.bare}",
            digits(self.national),
            self.national,
            f'"Some One" <sip:{self.e164};isub=7@pbx.example.com;user=phone>',
            f"{self.rfc3966};ext=5",
        )


def is_found(number: str, readings: set[str]) -> bool:
    """Whether a number is among its readings, or too short to be read as more than a number inside a company."""
    return number in readings or not any(reading.startswith("+") for reading in readings)


def examples(*kinds: str) -> Iterator[tuple[str, Written]]:
    """Every region's examples with their kind: of some kinds, or of all."""
    for region in REGIONS:
        for kind in kinds or KINDS:
            number = phonenumbers.example_number_for_type(region, KINDS[kind])
            if number and phonenumbers.is_valid_number(number):
                yield kind, Written(region, number)
