"""Every error this product raises on purpose.

    VisualSearchError
    ├── BadInput                 what came from the user cannot be accepted
    │   ├── BadImage             bytes that are no picture, or too large a one
    │   ├── BadQuery             a search that cannot be composed
    │   ├── BadVector            wrong length, NaN or infinite values
    │   ├── BadCatalogue         a catalogue file that cannot be read at all
    │   └── BadSetting           a setting or option outside what is accepted
    ├── NotFound                 no such product, picture, upload or collection
    ├── TooLarge                 an upload over the limit
    ├── NotPermitted             the caller's role does not allow this
    │   └── NotAuthenticated     no key, or an unknown one
    ├── Conflict                 the index and the request disagree
    │   └── FingerprintMismatch  vectors of two different embeddings
    │       └── Superseded       another collection took the place of the one that is asked: worth trying again
    ├── ModelUnavailable         weights or a runtime that cannot be had
    ├── StorageUnavailable       a disk that is full, a folder that may not be written, a file that is damaged
    ├── WorkersUnavailable       processes that share a piece of work cannot be had, or die of it again and again
    ├── IssuerUnavailable        who issues tokens cannot be asked for the keys that sign them
    ├── TookTooLong              a long piece of work ran out of the time it was given
    ├── Busy                     as much as may run at once does: worth trying again
    ├── Locked                   another process holds what only one may write: worth trying again
    ├── RateLimited              this client has sent as many requests as it may
    ├── Overloaded               as many requests wait as may: worth trying again
    └── SolrError
        ├── SolrUnavailable      Solr did not answer: worth trying again
        │   ├── ShardUnavailable a part of a SolrCloud does not, or takes no documents until another leads
        │   └── DeadlineExceeded the time that the request may take was over before Solr was done
        ├── SolrRefused          Solr answered with an error: the same request fails again
        └── SolrNotStarted       the embedded Solr did not become ready

A message says what came, what is accepted and what to do. ``api.problems`` alone chooses HTTP statuses.
"""

from __future__ import annotations

import errno
from typing import Final

_STORAGE: Final = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG, errno.EIO)


class VisualSearchError(Exception):
    """Root of the tree: catch this to catch everything raised on purpose."""


class BadInput(VisualSearchError):
    """What came from the user cannot be accepted."""


class BadImage(BadInput):
    """Bytes that are not a picture we decode, or one that would cost too much to decode."""


class BadQuery(BadInput):
    """A search that cannot be composed; ``field`` names the offending member, if one does."""

    def __init__(self, message: str, field: str | None = None) -> None:
        """Keep the member's name beside the message."""
        super().__init__(message)
        self.field = field


class BadVector(BadInput):
    """A vector of the wrong length, or with NaN or infinite values."""


class BadCatalogue(BadInput):
    """A catalogue that cannot be read at all; single bad rows are rejects, not errors."""


class BadSetting(BadInput):
    """A setting, option or configuration file outside what is accepted."""


class NotFound(VisualSearchError):
    """No such product, picture, upload or collection; ``field`` names the member that asked for it, if one did."""

    def __init__(self, message: str, field: str | None = None) -> None:
        """Keep the member's name beside the message."""
        super().__init__(message)
        self.field = field


class TooLarge(VisualSearchError):
    """An upload over the limit."""


class NotPermitted(VisualSearchError):
    """The caller's role does not allow this."""


class NotAuthenticated(NotPermitted):
    """No API key came, or one that is not configured."""


class Conflict(VisualSearchError):
    """The state of the index and the request disagree."""


class FingerprintMismatch(Conflict):
    """A query vector made by another embedding than the collection's."""

    def __init__(self, query: str, collection: str) -> None:
        """Name both fingerprints, so that the reader sees which one to change."""
        super().__init__(
            f"the query's vectors are {query!r}, the collection holds {collection!r}; "
            "distances between the two mean nothing: query with the collection's extractor and PCA, or index again"
        )
        self.query = query
        self.collection = collection


class Superseded(FingerprintMismatch):
    """Another collection took the place of the one that is asked while it was asked: asking again is right."""


class ModelUnavailable(VisualSearchError):
    """Weights, a model file or the runtime that would run it cannot be had."""


class StorageUnavailable(VisualSearchError):
    """What this product keeps in files of its own cannot be read or written."""

    @classmethod
    def of(cls, error: OSError) -> StorageUnavailable | None:
        """What an error of the system says of a disk; None where it says something else."""
        if error.errno not in _STORAGE:
            return None
        return cls(
            f"{error.filename or 'a file'} cannot be written: {error.strerror}; make room, or set VISUAL_SEARCH_HOME "
            "to a folder that can be written, and do the same again"
        )


class WorkersUnavailable(VisualSearchError):
    """Processes that share a piece of work cannot be reached or started, or die of it again and again."""


class IssuerUnavailable(VisualSearchError):
    """Who issues tokens cannot be asked for the keys that sign them."""


class TookTooLong(VisualSearchError):
    """A long piece of work ran out of the time that it was given."""


class Busy(VisualSearchError):
    """As many long pieces of work run as may at once."""


class Locked(VisualSearchError):
    """Another process holds a file lock that this one waited for."""


class RateLimited(VisualSearchError):
    """A client has sent as many requests of this minute as it may: ``most``; in ``seconds`` it may send more."""

    def __init__(self, message: str, *, most: int = 0, seconds: int = 60) -> None:
        """Keep the numbers beside the message."""
        super().__init__(message)
        self.most = most
        self.seconds = seconds


class Overloaded(VisualSearchError):
    """More requests came than can be answered soon."""


class SolrError(VisualSearchError):
    """Anything that went wrong between us and Solr."""


class SolrUnavailable(SolrError):
    """Solr did not answer: not running, unreachable, or too slow. Worth trying again."""


class ShardUnavailable(SolrUnavailable):
    """A shard of a SolrCloud does not answer, or has nobody who takes documents, until another replica leads."""


class DeadlineExceeded(SolrUnavailable):
    """The time that the request may take was over before Solr was done with it."""


class SolrRefused(SolrError):
    """Solr answered with an error; ``status`` is its HTTP status. The same request fails again."""

    def __init__(self, message: str, status: int) -> None:
        """Keep Solr's HTTP status beside its message."""
        super().__init__(message)
        self.status = status


class SolrNotStarted(SolrError):
    """The embedded Solr did not become ready; the message quotes its log."""
