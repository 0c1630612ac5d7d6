"""What trunks and phone systems say of a number comes to one of three words."""

import pytest

from bridge.callerid.attestation import Attestation, attested

WORDS = {
    "": "",
    "A": "verified",
    "a": "verified",
    "B": "",
    "C": "failed",
    "TN-Validation-Passed-A": "verified",
    "tn-validation-passed-a": "verified",
    "TN-Validation-Passed": "",
    "TN-Validation-Passed-B": "",
    "TN-Validation-Passed-C": "failed",
    "TN-Validation-Failed": "failed",
    "TN-Validation-Failed-A": "failed",
    "TN-Validation-Failed-C": "failed",
    "No-TN-Validation": "",
    "Passed-A": "verified",
    # STIR_SHAKEN(0,verify_result), a blank, STIR_SHAKEN(0,attestation)
    "success A": "verified",
    "success B": "",
    "success C": "failed",
    " ": "",
    "invalid_header A": "failed",
    "cert_date_failure A": "failed",
    "date_hdr_expired A": "failed",
    "no_identity_hdr ": "",
    "internal_error A": "",
    # whole headers
    "<sip:+12125550101;verstat=TN-Validation-Passed-A@trunk.example>": "verified",
    '"Alice" <sip:+12125550101@trunk.example;verstat=TN-Validation-Passed-A;user=phone>': "verified",
    "<tel:+12125550101;verstat=TN-Validation-Failed>": "failed",
    "<sip:+12125550101;verstat=TN-Validation-Passed-C@trunk.example>": "failed",
    "<sip:+12125550101;verstat=No-TN-Validation@trunk.example>": "",
    "<sip:+12125550101@trunk.example>": "",
    "sip:+12125550101;verstat=TN-Validation-Passed-A@trunk.example": "verified",
    "<sip:1;verstat=TN-Validation-Passed-A@a>, <tel:1;verstat=TN-Validation-Failed>": "failed",
    "<sip:1;verstat=TN-Validation-Passed-A@a>, <tel:1;verstat=No-TN-Validation>": "",
    # what a caller can write
    '"Failed & Invalid Ltd" <sip:+12125550101@trunk.example>': "",
    '"A" <sip:+12125550101@trunk.example>': "",
    '";verstat=TN-Validation-Passed-A" <sip:+12125550101@trunk.example>': "",
    '"\\";verstat=TN-Validation-Passed-A" <sip:+12125550101@trunk.example>': "",
    '";verstat=TN-Validation-Passed-A <sip:+12125550101@trunk.example>': "",
    '";verstat=TN-Validation-Passed-A" <sip:1;verstat=TN-Validation-Failed@trunk.example>': "failed",
    "verified": "",
    "passed": "",
    "AAA": "",
    "A" * 100_000: "",
}


@pytest.mark.parametrize("text", WORDS, ids=lambda text: text[:60])
def test_attested(text):
    assert attested(text) is Attestation(WORDS[text])
