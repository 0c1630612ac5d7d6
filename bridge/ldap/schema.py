"""The attributes and object classes there are, and the subschema subentry that tells them (RFC 4512 section 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

TEXT: Final = "1.3.6.1.4.1.1466.115.121.1.15"  # Directory String (RFC 4517 section 3.3.6)
PHONE: Final = "1.3.6.1.4.1.1466.115.121.1.50"  # Telephone Number (section 3.3.31)
OID: Final = "1.3.6.1.4.1.1466.115.121.1.38"


class Attribute(NamedTuple):
    """An attribute type.

    Attributes:
        name: As it is answered to whoever asks for all.
        oid: Its number.
        aliases: Other names that phones and tools ask by.
        syntax: ``TEXT``, ``PHONE`` or ``OID``.
        filled: Whether entries of the book can have it; the others are known so that a filter may name them.
    """

    name: str
    oid: str
    aliases: tuple[str, ...] = ()
    syntax: str = TEXT
    filled: bool = True


# RFC 4519, RFC 4524 and RFC 2798; behind them names of Active Directory and of phones' default filters.
ATTRIBUTES: Final = (
    Attribute("objectClass", "2.5.4.0", syntax=OID),
    Attribute("cn", "2.5.4.3", ("commonName", "name", "fullName")),
    Attribute("sn", "2.5.4.4", ("surname", "lastName")),
    Attribute("givenName", "2.5.4.42", ("gn", "firstName")),
    Attribute("displayName", "2.16.840.1.113730.3.1.241"),
    Attribute("o", "2.5.4.10", ("organizationName", "company", "organization")),
    Attribute("ou", "2.5.4.11", ("organizationalUnitName", "department", "departmentNumber")),
    Attribute("title", "2.5.4.12"),
    Attribute("mail", "0.9.2342.19200300.100.1.3", ("rfc822Mailbox", "email", "emailAddress")),
    Attribute("telephoneNumber", "2.5.4.20", ("phone", "phoneNumber", "officeNumber"), PHONE),
    Attribute("mobile", "0.9.2342.19200300.100.1.41", ("mobileTelephoneNumber", "mobileNumber"), PHONE),
    Attribute("homePhone", "0.9.2342.19200300.100.1.20", ("homeTelephoneNumber", "home"), PHONE, filled=False),
    Attribute("ipPhone", "1.2.840.113556.1.4.721", ("sipPhone",), PHONE, filled=False),
    Attribute("otherTelephone", "1.2.840.113556.1.2.18", ("other", "otherPhone"), PHONE, filled=False),
    Attribute("facsimileTelephoneNumber", "2.5.4.23", ("fax",), PHONE, filled=False),
    Attribute("pager", "0.9.2342.19200300.100.1.42", ("pagerTelephoneNumber",), PHONE, filled=False),
    Attribute("thumbnailPhoto", "2.16.840.1.113730.3.1.35", ("jpegPhoto",), filled=False),
    Attribute("uid", "0.9.2342.19200300.100.1.1", ("userid",)),
    Attribute("dc", "0.9.2342.19200300.100.1.25", ("domainComponent",), filled=False),
)
# RFC 4512 and RFC 3045: what the root and the schema have. Tools that know a schema ask for nothing that is not in it.
_DSA, _DIRECTORY = "dSAOperation", "directoryOperation"
_OPERATIONAL: Final = (
    ("attributeTypes", "2.5.21.5", _DIRECTORY),
    ("objectClasses", "2.5.21.6", _DIRECTORY),
    ("matchingRules", "2.5.21.4", _DIRECTORY),
    ("matchingRuleUse", "2.5.21.8", _DIRECTORY),
    ("dITContentRules", "2.5.21.2", _DIRECTORY),
    ("dITStructureRules", "2.5.21.1", _DIRECTORY),
    ("nameForms", "2.5.21.7", _DIRECTORY),
    ("ldapSyntaxes", "1.3.6.1.4.1.1466.101.120.16", _DIRECTORY),
    ("createTimestamp", "2.5.18.1", _DIRECTORY),
    ("modifyTimestamp", "2.5.18.2", _DIRECTORY),
    ("subschemaSubentry", "2.5.18.10", _DIRECTORY),
    ("namingContexts", "1.3.6.1.4.1.1466.101.120.5", _DSA),
    ("altServer", "1.3.6.1.4.1.1466.101.120.6", _DSA),
    ("supportedExtension", "1.3.6.1.4.1.1466.101.120.7", _DSA),
    ("supportedControl", "1.3.6.1.4.1.1466.101.120.13", _DSA),
    ("supportedSASLMechanisms", "1.3.6.1.4.1.1466.101.120.14", _DSA),
    ("supportedLDAPVersion", "1.3.6.1.4.1.1466.101.120.15", _DSA),
    ("supportedFeatures", "1.3.6.1.4.1.4203.1.3.5", _DSA),
    ("vendorName", "1.3.6.1.1.4", _DSA),
    ("vendorVersion", "1.3.6.1.1.5", _DSA),
)
NUMBERS: Final = frozenset(one.name for one in ATTRIBUTES if one.syntax == PHONE)
_NAMES: Final[Mapping[str, str]] = {
    alias.lower(): one.name for one in ATTRIBUTES for alias in (one.name, one.oid, *one.aliases)
}

PERSON_CLASSES: Final = ("top", "person", "organizationalPerson", "inetOrgPerson")
BASE_CLASSES: Final = ("top", "domain")
_CLASSES: Final = (
    "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
    "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY telephoneNumber )",
    "( 2.5.6.7 NAME 'organizationalPerson' SUP person STRUCTURAL MAY ( title $ ou $ facsimileTelephoneNumber ) )",
    "( 2.16.840.1.113730.3.2.2 NAME 'inetOrgPerson' SUP organizationalPerson MAY ( displayName $ givenName $ mail ) )",
    "( 0.9.2342.19200300.100.4.13 NAME 'domain' SUP top STRUCTURAL MUST dc MAY o )",
)
_RULES: Final = {
    TEXT: "EQUALITY caseIgnoreMatch ORDERING caseIgnoreOrderingMatch SUBSTR caseIgnoreSubstringsMatch",
    PHONE: "EQUALITY telephoneNumberMatch SUBSTR telephoneNumberSubstringsMatch",
    OID: "EQUALITY objectIdentifierMatch",
}
_SYNTAXES: Final = {TEXT: "Directory String", PHONE: "Telephone Number", OID: "OID"}
_MATCHING: Final = (
    ("2.5.13.0", "objectIdentifierMatch", OID),
    ("2.5.13.2", "caseIgnoreMatch", TEXT),
    ("2.5.13.3", "caseIgnoreOrderingMatch", TEXT),
    ("2.5.13.4", "caseIgnoreSubstringsMatch", TEXT),
    ("2.5.13.20", "telephoneNumberMatch", PHONE),
    ("2.5.13.21", "telephoneNumberSubstringsMatch", PHONE),
)
MATCHING_RULES: Final = frozenset(word.lower() for oid, name, _ in _MATCHING for word in (oid, name))


def canonical(description: str) -> str | None:
    """The name of an attribute, of any name or number it is asked by; None where there is none."""
    return _NAMES.get(description.lower())


def subschema(name: str) -> Mapping[str, tuple[str, ...]]:
    """The attributes of the subschema subentry.

    Args:
        name: Its own DN's value, such as ``subschema``.
    """
    return {
        "objectClass": ("top", "subentry", "subschema"),
        "cn": (name,),
        "attributeTypes": tuple(
            f"( {one.oid} NAME {_quoted((one.name, *one.aliases))} {_RULES[one.syntax]} SYNTAX {one.syntax} )"
            for one in ATTRIBUTES
        )
        + tuple(f"( {oid} NAME '{own}' SYNTAX {TEXT} USAGE {usage} )" for own, oid, usage in _OPERATIONAL),
        "objectClasses": _CLASSES,
        "ldapSyntaxes": tuple(f"( {oid} DESC '{text}' )" for oid, text in _SYNTAXES.items()),
        "matchingRules": tuple(f"( {oid} NAME '{name}' SYNTAX {syntax} )" for oid, name, syntax in _MATCHING),
    }


def _quoted(names: tuple[str, ...]) -> str:
    quoted = " ".join(f"'{name}'" for name in names)
    return f"( {quoted} )" if len(names) > 1 else quoted
