"""A real Kafka broker from its published jars, one process in KRaft mode on a loopback port.

python -m tests.follow.kafka.broker    resolve jgo.toml and write jgo.lock.toml
"""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from vision.processes import spawn
from vision.settings import Settings
from vision.solr.embedded.home import choose_port
from vision.solr.embedded.jars import ensure_jars, resolve_lock
from vision.solr.embedded.java import find_java
from vision.solr.embedded.lockfile import read_lock

_LOCK: Final = Path(__file__).with_name("jgo.lock.toml")
_READY_S: Final = 120.0
_NOT_YET: Final = (KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError._TIMED_OUT)


class Broker:
    """One broker with its data in ``home``; may be killed and started again."""

    def __init__(self, home: Path) -> None:
        """Fetch the jars, and write the configuration.

        Raises:
            SolrNotStarted: they cannot be had.
        """
        jars = ensure_jars(Settings.from_environment().cache, lock=read_lock(_LOCK))
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.port, controller = choose_port(0), choose_port(0)
        self.servers = f"127.0.0.1:{self.port}"
        java = find_java()
        self._java = [str(java.path), "-Xmx256m", "-cp", os.pathsep.join(map(str, jars))]
        self._process: subprocess.Popen[bytes] | None = None
        self._properties = home / "server.properties"
        (home / "log4j.properties").write_text(
            "log4j.rootLogger=WARN, stdout\nlog4j.appender.stdout=org.apache.log4j.ConsoleAppender\n"
            "log4j.appender.stdout.layout=org.apache.log4j.PatternLayout\n"
        )
        self._properties.write_text(
            "\n".join(
                (
                    "process.roles=broker,controller",
                    "node.id=1",
                    f"controller.quorum.voters=1@127.0.0.1:{controller}",
                    f"listeners=PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
                    f"advertised.listeners=PLAINTEXT://127.0.0.1:{self.port}",
                    "controller.listener.names=CONTROLLER",
                    f"log.dirs={home / 'data'}",
                    "offsets.topic.replication.factor=1",
                    "transaction.state.log.replication.factor=1",
                    "transaction.state.log.min.isr=1",
                    "group.initial.rebalance.delay.ms=0",
                    "auto.create.topics.enable=false",
                )
            )
        )
        self._run("kafka.tools.StorageTool", "format", f"--cluster-id={_cluster_id()}", "-c", str(self._properties))

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = spawn(
            [*self._java[:2], self._log4j(), *self._java[2:], "kafka.Kafka", str(self._properties)],
            environ=dict(os.environ),
            cwd=self.home,
            log=self.home / "broker.log",
        )
        deadline = time.monotonic() + _READY_S
        while True:
            try:
                AdminClient({"bootstrap.servers": self.servers, "log_level": 0}).list_topics(timeout=2)
                return
            except KafkaException:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"no broker: {(self.home / 'broker.log').read_text()[-3000:]}") from None

    def kill(self) -> None:
        """End it without a word."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

    def stop(self) -> None:
        """End it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(60)

    def topic(self, name: str, partitions: int = 2) -> None:
        """Make a topic."""
        admin = AdminClient({"bootstrap.servers": self.servers})
        for made in admin.create_topics([NewTopic(name, partitions, 1)]).values():
            made.result(30)

    def producer(self) -> Producer:
        """Whose records are on disk once they are flushed."""
        return Producer({"bootstrap.servers": self.servers, "acks": "all", "linger.ms": 1, "log_level": 0})

    def committed(self, topic: str, group: str, partitions: int = 2) -> int:
        """How many records a group has acknowledged."""
        consumer = Consumer({"bootstrap.servers": self.servers, "group.id": group, "log_level": 0})
        try:
            found = consumer.committed([TopicPartition(topic, number) for number in range(partitions)], timeout=30)
            return sum(max(0, each.offset) for each in found)
        except KafkaException as error:
            if not error.args[0].retriable() and error.args[0].code() not in _NOT_YET:
                raise
            return 0  # its coordinator is being chosen
        finally:
            consumer.close()

    def _log4j(self) -> str:
        return f"-Dlog4j.configuration=file:{self.home / 'log4j.properties'}"

    def _run(self, *words: str) -> None:
        command: list[Any] = [*self._java[:2], self._log4j(), *self._java[2:], *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def running(home: Path) -> Iterator[Broker]:
    """A broker for as long as the block."""
    broker = Broker(home)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def _cluster_id() -> str:
    """What may begin with a dash."""
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


if __name__ == "__main__":
    written = resolve_lock(_LOCK.with_name("jgo.toml"))
    _LOCK.write_text(written.replace("vision.solr.embedded.jars lock", "tests.follow.kafka.broker"))
