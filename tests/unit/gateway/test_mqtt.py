"""The parser: the same stream gives the same packets however it is cut, and nothing hostile gets further than it."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from gateway import mqtt
from gateway.dialects.limits import LARGEST
from gateway.message import KEPT, Message

Told = tuple[object, ...]


def text(words: bytes) -> bytes:
    return len(words).to_bytes(2, "big") + words


def packet(first: int, body: bytes) -> bytes:
    """Return a packet as the standard writes it, by arithmetic of the test's own."""
    length, encoded = len(body), b""
    while True:
        length, digit = divmod(length, 128)
        encoded += bytes([digit | (0x80 if length else 0)])
        if not length:
            return bytes([first]) + encoded + body


def published(topic: bytes, payload: bytes, number: int = 1, first: int = 0x32) -> bytes:
    identifier = number.to_bytes(2, "big") if first & 6 else b""
    return packet(first, text(topic) + identifier + payload)


CONNACK = packet(0x20, b"\x01\x00")
SUBACK = packet(0x90, b"\x00\x01\x01\x80")
PUBACK = packet(0x40, b"\x00\x07")
PINGRESP = packet(0xD0, b"")

messages = st.builds(
    published,
    st.text(max_size=20).map(str.encode) | st.binary(max_size=5),
    st.binary(max_size=300),
    st.integers(1, 65_535),
    st.sampled_from([0x30, 0x31, 0x32, 0x33, 0x3A, 0x3B]),
)
streams = st.lists(messages | st.sampled_from([CONNACK, SUBACK, PUBACK, PINGRESP]), max_size=20).map(b"".join)
cuts = st.lists(st.integers(1, 40), min_size=1, max_size=30)


def pieces(stream: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
    """Cut the stream into pieces of these sizes, again and again."""
    place = turn = 0
    while place < len(stream):
        size = sizes[turn % len(sizes)]
        yield stream[place : place + size]
        place, turn = place + size, turn + 1


def told(packets: Sequence[mqtt.Packet]) -> list[Told]:
    """Return what the packets say, apart from when they came."""
    return [
        (each.topic, each.payload, each.size, each.packet, each.redelivered, each.retained)
        if isinstance(each, Message)
        else (each,)
        for each in packets
    ]


def parsed(stream: bytes, sizes: Sequence[int] = (1 << 30,)) -> list[Told]:
    parser = mqtt.Parser()
    return told([each for piece in pieces(stream, sizes) for each in parser.feed(piece, 0)])


@given(streams, cuts)
@settings(max_examples=100, deadline=None)
def test_however_a_stream_is_cut_it_gives_the_same_packets(stream: bytes, sizes: list[int]) -> None:
    assert parsed(stream, sizes) == parsed(stream, [1]) == parsed(stream)


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_characters="\x00+#", exclude_categories=["Cs"]), min_size=1, max_size=30),
            st.binary(max_size=20_000),
            st.integers(1, 65_535),
            st.integers(0, 1),
            st.booleans(),
            st.booleans(),
        ),
        max_size=10,
    ),
    cuts,
)
@settings(max_examples=50, deadline=None)
def test_what_paho_writes_is_read_as_it_was_meant(
    said: list[tuple[str, bytes, int, int, bool, bool]], sizes: list[int]
) -> None:
    written = b"".join(by_paho(each) for each in said)
    assert parsed(written, [size * 97 for size in sizes]) == [
        (topic, payload, len(payload), number if qos else 0, again, retained)
        for topic, payload, number, qos, retained, again in said
    ]


def by_paho(said: tuple[str, bytes, int, int, bool, bool]) -> bytes:
    topic, payload, number, qos, retained, again = said
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv311)
    queued = list[bytes]()
    client._packet_queue = lambda _, packet, *__: queued.append(bytes(packet)) or 0  # type: ignore[assignment, func-returns-value]
    client._sock = object()  # type: ignore[assignment]  # paho writes nothing without one
    client._send_publish(number, topic.encode(), payload, qos, retained, again)
    client._sock = None
    return queued[0]


@given(st.text(min_size=1, max_size=30), st.text(max_size=20) | st.none(), st.text(max_size=20))
@settings(max_examples=50, deadline=None)
def test_we_introduce_ourselves_word_for_word_as_paho_does(client_id: str, user: str | None, password: str) -> None:
    client = Client(CallbackAPIVersion.VERSION2, client_id, clean_session=False, protocol=MQTTv311)
    if user is not None:
        client.username_pw_set(user, password)
    queued = list[bytes]()
    client._packet_queue = lambda _, packet, *__: queued.append(bytes(packet)) or 0  # type: ignore[assignment, func-returns-value]
    client._send_connect(30)
    assert mqtt.connect(client_id, user, None if user is None else password, 30) == queued[0]


def test_what_we_send_is_what_the_standard_says() -> None:
    assert mqtt.subscribe(7, ["urgent/+/+", "x"]) == packet(
        0x82, b"\x00\x07" + text(b"urgent/+/+") + b"\x01\x00\x01x\x01"
    )
    assert mqtt.publish("homes/_mark/1", b"m" * 200, 9) == published(b"homes/_mark/1", b"m" * 200, 9)
    assert mqtt.acknowledge([1, 65_535]) == b"\x40\x02\x00\x01\x40\x02\xff\xff"
    assert mqtt.acknowledge([]) == b""


def test_answers_say_what_they_say() -> None:
    assert parsed(CONNACK + SUBACK + PUBACK + PINGRESP) == [
        (mqtt.ConnAck(session_present=True, code=0),),
        (mqtt.SubAck(refused=(1,)),),
    ]


def test_of_equal_messages_in_one_piece_each_was_received_at_a_moment_of_its_own() -> None:
    """A reading with neither time nor number is told apart by nothing else."""
    came = mqtt.Parser().feed(published(b"t", b"on") * 3, 1_000)
    assert [each.received_at for each in came if isinstance(each, Message)] == [1_000, 1_001, 1_002]


@pytest.mark.parametrize("size", [LARGEST - 1, LARGEST, LARGEST + 70_000, 3_000_000])
@pytest.mark.parametrize("cut", [1 << 30, 65_536, 50_021])
def test_of_an_oversized_message_its_beginning_is_kept_and_the_next_is_whole(size: int, cut: int) -> None:
    topic = b"homes/h1/bed-1"
    stream = published(topic, b"ab" * (size // 2) + b"c" * (size % 2), 5) + published(topic, b"next", 6)
    first, second = parsed(stream, [cut])
    kept = size if size < LARGEST else KEPT
    assert first == ("homes/h1/bed-1", (b"ab" * (size // 2) + b"c")[:kept], size, 5, False, False)
    assert second == ("homes/h1/bed-1", b"next", 4, 6, False, False)


def test_an_announced_length_is_not_held_room_for() -> None:
    """268 MB, the most that MQTT can announce, comes in pieces: what is held never grows past one large message."""
    parser = mqtt.Parser()
    parser.feed(b"\x32\xff\xff\xff\x7f" + text(b"homes/h1/bed-1") + b"\x00\x05", 0)
    held = []
    for _ in range(40):
        assert parser.feed(b"x" * 65_536, 0) == []
        held.append(len(parser._begun))
    assert max(held) < 200_000
    assert held[-1] == 0


@pytest.mark.parametrize(
    ("stream", "why"),
    [
        (b"\x32\xff\xff\xff\xff\x01", "more than four bytes"),
        (published(b"t", b"", 1, first=0x34), "above QoS 1"),
        (published(b"t", b"", 1, first=0x36), "above QoS 1"),
        (published(b"t", b"", 0), "packet id 0"),
        (packet(0x32, b"\x00\x09topic"), "ends within"),
        (packet(0x32, b"\x00"), "ends within"),
        (packet(0x30, b""), "ends within"),
        (packet(0x32, b"\x00\x01t\x00"), "ends within"),
        (packet(0x20, b"\x00"), "0x20"),
        (packet(0x21, b"\x00\x00"), "0x21"),
        (packet(0x90, b"\x00\x01"), "0x90"),
        (b"\x90\x80\x80\x80\x01", "0x90"),
        (packet(0x62, b"\x00\x01"), "0x62"),
        (packet(0x10, b"\x00\x04MQTT"), "0x10"),
        (packet(0x00, b""), "0x0"),
        (packet(0xF0, b""), "0xf0"),
    ],
)
def test_what_a_broker_must_not_send_ends_it_with_a_plain_word(stream: bytes, why: str) -> None:
    with pytest.raises(mqtt.ProtocolError, match=why):
        parsed(published(b"t", b"before") + stream)


@given(st.binary(max_size=400), cuts)
@example(b"\x32\xff", [1])
@settings(max_examples=100, deadline=None)
def test_no_bytes_whatever_lead_to_anything_but_packets_or_a_protocol_error(stream: bytes, sizes: list[int]) -> None:
    def outcome(sizes: Sequence[int]) -> list[Told] | str:
        try:
            return parsed(stream, sizes)
        except mqtt.ProtocolError:
            return "broken"

    assert outcome(sizes) == outcome([1])
