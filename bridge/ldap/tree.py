"""What stands above the entries: the root (RFC 4512 section 5.1), the schema, and the base of the book."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridge.ldap import controls
from bridge.ldap.schema import BASE_CLASSES, subschema

START_TLS: Final = "1.3.6.1.4.1.1466.20037"
WHO_AM_I: Final = "1.3.6.1.4.1.4203.1.11.3"  # RFC 4532
SUBSCHEMA: Final = "cn=subschema"
# Operational attributes: told to whoever asks for them by name or by "+".
OPERATIONAL: Final = frozenset({"subschemaSubentry", "attributeTypes", "objectClasses", "ldapSyntaxes"}) | {
    "matchingRules"
}

Attributes = Mapping[str, tuple[str, ...]]
_ALL_ATTRIBUTES: Final = "1.3.6.1.4.1.4203.1.5.1"  # "+" (RFC 3673)
_TRUE_FALSE: Final = "1.3.6.1.4.1.4203.1.5.3"  # (&) and (|) (RFC 4526)


def root(base: str, *, start_tls: bool) -> Attributes:
    """The attributes of the root, which is told to everybody."""
    return {
        "objectClass": ("top",),
        "namingContexts": (base,),
        "supportedLDAPVersion": ("3",),
        "supportedControl": tuple(sorted(controls.OF_SEARCH)),
        "supportedExtension": ((START_TLS,) if start_tls else ()) + (WHO_AM_I,),
        "supportedFeatures": (_ALL_ATTRIBUTES, _TRUE_FALSE),
        "subschemaSubentry": (SUBSCHEMA,),
        "vendorName": ("itflow-bridge",),
    }


def schema() -> Attributes:
    """The attributes of the subschema subentry."""
    return subschema("subschema")


def book(base: str, title: str) -> Attributes:
    """The attributes of the book itself, above its entries."""
    attribute, _, value = base.partition(",")[0].partition("=")
    return {"objectClass": BASE_CLASSES, attribute: (value,), "description": (title,)}
