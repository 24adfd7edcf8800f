"""A topic of Kafka, or of whatever speaks its protocol, as a source of changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vision.catalog.product import Rejected
from vision.errors import BadSetting, StorageUnavailable
from vision.following.change import of_record
from vision.following.queue import Partition
from vision.following.sources import Came

if TYPE_CHECKING:
    from confluent_kafka import Message

_POLL_S: Final = 0.2
_HELD_MS: Final = 600_000
"""How long reading the pictures of one batch may take before the group gives its partitions to another member. One that
died is known by its heartbeats, within ``session.timeout.ms``."""
_OURS: Final = ("bootstrap.servers", "group.id", "enable.auto.commit", "enable.auto.offset.store")


class Topic:
    """A member of a consumer group; its offsets are committed once Solr has what came before them."""

    def __init__(
        self,
        servers: str,
        topic: str,
        group: str,
        *,
        gather: float,
        said: Callable[[str], None] = lambda text: None,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Join the group; brokers that are away are waited for.

        Args:
            servers: ``host:port``, several with commas in between.
            topic: its name.
            group: of consumers that share the topic's partitions.
            gather: how many seconds more records are waited for once there are some.
            said: told in words when no broker answers, or one refuses; what passes is mended by itself.
            properties: more of librdkafka's.

        Raises:
            BadSetting: confluent-kafka is not installed, or a property is not accepted.
        """
        try:
            import confluent_kafka
        except ImportError as error:
            raise BadSetting("--kafka needs confluent-kafka: pip install 'solr-visual-search[kafka]'") from error
        self._kafka: Any = confluent_kafka
        self._topic = topic
        self._gather = gather
        self._taken: list[Message] = []
        self._lost = False
        self._said, self._told = said, ""
        configuration: dict[str, Any] = {
            "auto.offset.reset": "earliest",
            "max.poll.interval.ms": _HELD_MS,
            **(properties or {}),
            "bootstrap.servers": servers,
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "log_level": 0,
            "error_cb": self._error,
        }
        try:
            self._consumer: Any = confluent_kafka.Consumer(configuration)
            self._consumer.subscribe([topic], on_revoke=self._revoked, on_lost=self._revoked)
        except (confluent_kafka.KafkaException, ValueError, TypeError) as error:
            raise BadSetting(f"Kafka does not accept what it is given: {error}") from error

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def take(self, limit: int) -> Sequence[Came]:
        """What came within a moment.

        Raises:
            StorageUnavailable: the brokers refuse this consumer, and will refuse it again.
        """
        self._lost = False
        found = self._consumer.consume(limit, timeout=self._gather)
        self._taken = [each for each in found if each.error() is None]
        self._told = "" if self._taken else self._told
        fatal = next((each.error() for each in found if each.error() is not None and each.error().fatal()), None)
        if fatal is not None:
            raise StorageUnavailable(f"topic {self._topic!r} cannot be followed: {fatal.str()}")
        return [self._came(each) for each in self._taken]

    def done(self) -> None:
        """Commit the offsets behind what was taken; where that fails, they come again, which does no harm."""
        ends: dict[int, int] = {}
        for each in self._taken:
            ends[each.partition() or 0] = (each.offset() or 0) + 1
        self._taken = []
        if not ends:
            return
        places = [self._kafka.TopicPartition(self._topic, number, offset) for number, offset in ends.items()]
        try:
            self._consumer.commit(offsets=places, asynchronous=False)
        except self._kafka.KafkaException:
            return  # the partition is another member's by now, or no broker answers

    def wait(self, seconds: float) -> bool:
        """Stay in the group without taking more; False once a partition of what was taken is another member's."""
        left = seconds
        while left > 0 and not self._lost:
            self._consumer.pause(self._consumer.assignment())
            early = self._consumer.poll(min(_POLL_S, left))
            if early is not None and early.error() is None:  # of a partition that came just now
                self._consumer.seek(self._place(early))
            left -= _POLL_S
        if self._lost:
            self._go_back()
        self._consumer.resume(self._consumer.assignment())
        return not self._lost

    def _go_back(self) -> None:
        """What was taken of partitions that stay here is taken again: it is not applied."""
        here = {each.partition for each in self._consumer.assignment()}
        for each in reversed(self._taken):
            if each.partition() in here:
                self._consumer.seek(self._place(each))
        self._taken = []

    def _place(self, message: Message) -> Any:
        return self._kafka.TopicPartition(self._topic, message.partition(), message.offset())

    def partitions(self) -> Sequence[Partition]:
        """Those that this member has, and how many records are not taken yet, as far as the brokers have said."""
        found = []
        for place in self._consumer.position(self._consumer.assignment()):
            try:
                _, high = self._consumer.get_watermark_offsets(place, cached=True)
            except self._kafka.KafkaException:
                continue
            behind = max(0, high - max(0, place.offset)) if high >= 0 else 0
            found.append(Partition(place.topic, place.partition, behind))
        return found

    def _error(self, error: Any) -> None:
        text = str(error.str())
        # Each attempt is said, and that of each connection before that of all.
        if text != self._told and error.code() != self._kafka.KafkaError._TRANSPORT:
            self._told = text
            self._said(f"Kafka: {text}")

    def _revoked(self, consumer: Any, partitions: Sequence[Any]) -> None:
        gone = {each.partition for each in partitions}
        self._lost = self._lost or any(each.partition() in gone for each in self._taken)

    def _came(self, message: Message) -> Came:
        offset, value = f"{message.partition()}:{message.offset()}", message.value()
        key = message.key()
        raw_key = key.encode() if isinstance(key, str) else key
        raw = value.encode() if isinstance(value, str) else value
        try:
            return Came(self._topic, offset, of_record(raw_key, raw))
        except Rejected as rejected:
            id = "" if raw_key is None else raw_key[:300].decode("utf-8", "replace")
            return Came(self._topic, offset, None, id, str(rejected), raw)


def properties(path: Path) -> dict[str, str]:
    """Properties of librdkafka from a file of ``name=value`` lines, so that a command line need not hold secrets.

    Raises:
        BadSetting: it cannot be read, or says what options say.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"--kafka-config {path} cannot be read: {error}") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        name, between, value = line.partition("=")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not between or name.strip() in _OURS:
            raise BadSetting(f"--kafka-config {path}, line {number}: name=value is accepted, and none of {_OURS}")
        found[name.strip()] = value.strip()
    return found
