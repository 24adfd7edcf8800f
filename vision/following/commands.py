"""``visual-search follow``: changes that come over HTTP or from a topic into Solr, as they come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vision.console import echo, reported, resumable

if TYPE_CHECKING:
    from vision.following.follower import Rules
    from vision.workspace import Workspace


@click.command()
@click.option("--collection", help="Where to.  [default: products]")
@click.option("--kafka", metavar="HOST:PORT[,HOST:PORT]", help="Follow a topic of these brokers, too.")
@click.option("--topic", help="Of --kafka.")
@click.option("--group", help="Of --kafka: consumers that share the topic.  [default: visual-search-COLLECTION]")
@click.option("--kafka-config", type=click.Path(path_type=Path), help="File of NAME=VALUE lines for librdkafka.")
@click.option(
    "--pictures",
    type=click.Path(path_type=Path),
    help="Folder that images are relative to.  [default: that of the catalogue indexed last]",
)
@click.option("--allow-urls", is_flag=True, help="Fetch pictures that are web addresses.")
@click.option("--allow-missing-images", is_flag=True, help="Take rows whose image is empty, by words alone.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Rejected changes.  [default: in the home folder]")
@reported
@resumable
def follow(
    collection: str | None,
    kafka: str | None,
    topic: str | None,
    group: str | None,
    kafka_config: Path | None,
    pictures: Path | None,
    allow_urls: bool,
    allow_missing_images: bool,
    rejects: Path | None,
) -> None:
    """Apply changes to the collection as they come, until Ctrl+C: those of POST /v1/feed, and of a topic with --kafka.

    A record's key is a row's id and its value the row, as JSON; without a value the row is deleted. What comes is
    acknowledged once Solr has committed it; what is no good goes to the rejects file, and all else goes on.
    """
    from vision.errors import BadSetting
    from vision.following.watching import ended_by_sigterm
    from vision.settings import Settings
    from vision.workspace import Workspace

    if (kafka is None) != (topic is None):
        raise BadSetting("--kafka and --topic go together: the brokers, and the topic to follow")
    if kafka is None and (group is not None or kafka_config is not None):
        raise BadSetting("--group and --kafka-config are about --kafka; give that as well")
    workspace = Workspace(Settings.from_environment(collection=collection))
    rules = _rules(workspace, pictures, rejects, allow_urls=allow_urls, allow_missing_images=allow_missing_images)
    with ended_by_sigterm():
        _follow(workspace, rules, kafka, topic, group, kafka_config)


def _follow(
    workspace: Workspace,
    rules: Rules,
    kafka: str | None,
    topic: str | None,
    group: str | None,
    config: Path | None,
) -> None:
    from contextlib import ExitStack, closing

    from vision.errors import Locked
    from vision.following.follower import GATHER_S, Follower
    from vision.following.sources import Queued, Source
    from vision.following.topic import Topic, properties
    from vision.locks import file_lock

    queue, sources = workspace.feed(), list[Source]()
    with ExitStack() as stack:
        try:
            lock = file_lock(queue.file.with_suffix(".lock"), timeout=1, doing="following the feed")
            stack.enter_context(lock)
            sources.append(Queued(queue, gather=GATHER_S))
        except Locked:
            if kafka is None:
                raise
            echo("another process follows what comes over HTTP; this one follows the topic alone", err=True)
        client = stack.enter_context(workspace.client())
        follower = Follower(workspace, client, queue, rules)
        if kafka is not None and topic is not None:
            more = {} if config is None else properties(config)
            group = group or f"visual-search-{client.collection}"
            found = Topic(kafka, topic, group, gather=GATHER_S, said=rules.said, properties=more)
            sources.append(stack.enter_context(closing(found)))
        what = "" if topic is None else f" and topic {topic!r}"
        echo(f"following the feed of {client.collection!r}{what}; pictures are in {rules.pictures.root}")
        follower.run(sources)


def _rules(
    workspace: Workspace, pictures: Path | None, rejects: Path | None, *, allow_urls: bool, allow_missing_images: bool
) -> Rules:
    """What is accepted, and where pictures are.

    Raises:
        BadSetting: nobody says where.
    """
    from vision.errors import BadSetting
    from vision.following.follower import Rules, Within
    from vision.following.letters import Letters

    name = workspace.feed_name
    if pictures is None:
        known = [each for each in workspace.catalogues().all() if each.collection == name]
        if not known:
            raise BadSetting(
                f"no catalogue was indexed into {name!r} from here, so that nothing says where pictures are: give the "
                "folder that images are relative to with --pictures"
            )
        pictures = known[0].path.parent
    if not pictures.is_dir():
        raise BadSetting(f"--pictures {pictures} is no folder")
    letters = Letters(rejects or workspace.feed().file.with_suffix(".rejects.jsonl"))

    def said(text: str) -> None:
        echo(text, err=True)

    return Rules(Within(pictures, allow_urls), allow_missing_images, letters, said)
