"""AMI's words: bytes in pieces, bytes of strangers, and actions that cannot smuggle a line."""

import pytest

from bridge.calls.ami.messages import MAX_LINE_BYTES, MAX_LINES, Parser, written
from bridge.errors import AmiError

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
STORY = BANNER + "Event: One\r\nName: Jörg: Müller\r\nEmpty: \r\n\r\nResponse: Success\r\nno colon\r\n\r\n".encode()
MESSAGES = [{"Event": "One", "Name": "Jörg: Müller", "Empty": ""}, {"Response": "Success"}]


def test_messages_are_the_same_however_the_bytes_come():
    for size in range(1, len(STORY) + 1):
        parser = Parser()
        pieces = [STORY[at : at + size] for at in range(0, len(STORY), size)]
        assert [message for piece in pieces for message in parser.feed(piece)] == MESSAGES
        assert parser.banner == "Asterisk Call Manager/11.0.0"


def test_bytes_that_are_no_utf8_spoil_one_value_only():
    (message,) = Parser().feed(BANNER + b"Event: One\r\nName: J\xf6rg\r\nOther: 1\r\n\r\n")
    assert message == {"Event": "One", "Name": "J\ufffdrg", "Other": "1"}


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        BANNER + b"x" * (MAX_LINE_BYTES + 1),
        BANNER + b"Key: value\r\n" * (MAX_LINES + 1),
    ],
)
def test_what_is_no_asterisk_is_refused_and_nothing_grows_without_end(data):
    with pytest.raises(AmiError):
        list(Parser().feed(data))


def test_an_action_is_lines():
    assert written("Ping", {"ActionID": "7"}) == b"Action: Ping\r\nActionID: 7\r\n\r\n"


@pytest.mark.parametrize("bad", ["a\r\nAction: Command", "a\nb", "a\rb", "a\x00b", "a\x85b", "a\u2028b"])
def test_no_value_begins_a_line_of_its_own(bad):
    with pytest.raises(AmiError):
        written("Originate", {"CallerID": bad})


def test_no_key_begins_a_line_of_its_own():
    with pytest.raises(AmiError):
        written("Originate", {"Key: x\r\nAction": "1"})
