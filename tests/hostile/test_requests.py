"""Requests that are too large, too deep, too many or nonsense, at the real server: a problem at once, and it lives."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.hostile.conftest import Served
from tests.hostile.pictures import sound
from tests.hostile.test_pictures import Watched, check_alive

pytestmark = pytest.mark.solr

SEED = 10
DEEP = 100_000
JSON = {"Content-Type": "application/json"}
PATHS = (
    *("/v1/search", "/v1/search/batch", "/v1/detect", "/v1/looks", "/v1/images", "/v1/navigation", "/v1/clusters"),
    *("/v1/fills", "/v1/audits", "/v1/duplicates", "/v1/jobs", "/v1/proposals", "/v1/proposals/accept"),
    *("/v1/profiles", "/v1/products/blue-ring-1/why"),
)

BODIES: dict[str, bytes] = {
    "arrays in arrays": b"[" * DEEP + b"]" * DEEP,
    "arrays that are not closed": b"[" * DEEP,
    "objects in objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep filters": b'{"q": "x", "filters": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
    "a deep member": b'{"search": ' * DEEP + b"{}" + b"}" * DEEP,
    "a deep similarity": b'{"similarities": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep searches": b'{"searches": [' * DEEP + b"]}" * DEEP,
    "a number of a million digits": b'{"q": "x", "rows": ' + b"9" * 900_000 + b"}",
    "a float of a million digits": b'{"q": "x", "min_similarity": 0.' + b"9" * 900_000 + b"}",
    "a huge exponent": b'{"q": "x", "max_distance": 1e999999999}',
    "a tiny exponent": b'{"q": "x", "max_distance": 1e-999999999}',
    "a number beyond 64 bits": b'{"q": "x", "start": 18446744073709551616}',
    "a negative number": b'{"q": "x", "rows": -9223372036854775808}',
    "NaN": b'{"q": "x", "max_distance": NaN}',
    "Infinity": b'{"q": "x", "ranges": {"price": {"min": -Infinity}}}',
    "huge ranges": b'{"q": "x", "ranges": {"price": {"min": -1e308, "max": 1e308}}}',
    "a vector of huge numbers": json.dumps({"vector": [1e308] * 1024}).encode(),
    "a vector of tiny numbers": json.dumps({"vector": [5e-324] * 1024}).encode(),
    "a vector of a million": json.dumps({"vector": [1] * 1_000_000}).encode(),
    "a member a hundred thousand times": b"{" + b'"q": "x",' * DEEP + b'"q": "x"}',
    "a hundred thousand members": json.dumps({f"m{n}": n for n in range(DEEP)}).encode(),
    "a hundred thousand filters": json.dumps({"q": "x", "filters": {f"m{n}": ["a"] for n in range(DEEP)}}).encode(),
    "a hundred thousand values": json.dumps({"q": "x", "filters": {"color": [f"v{n}" for n in range(DEEP)]}}).encode(),
    "a hundred thousand facets": json.dumps({"q": "x", "facets": ["color"] * DEEP}).encode(),
    "a hundred thousand likes": json.dumps({"like": ["blue-ring-1"] * DEEP}).encode(),
    "a hundred thousand exclusions": json.dumps({"q": "x", "exclude": ["a"] * DEEP}).encode(),
    "a hundred thousand searches": json.dumps({"searches": [{"q": "x"}] * DEEP}).encode(),
    "a hundred thousand ids": json.dumps({"ids": ["a"] * DEEP, "by": "x"}).encode(),
    "UTF-16": '{"q": "x"}'.encode("utf-16"),
    "UTF-8 that is none": b'{"q": "\xff\xfe"}',
    "a byte order mark": b'\xef\xbb\xbf{"q": "x"}',
    "a lone surrogate": b'{"q": "\\ud800"}',
    "NUL": b'{"q": "\\u0000", "filters": {"color": ["\\u0000"]}}',
    "two values": b'{"q": "x"}{"q": "y"}',
    "half a value": b'{"q": "x',
    "nothing": b"",
    "null": b"null",
    "a picture that is not base64": b'{"image": "!!!!"}',
    "a picture of no bytes": b'{"image": ""}',
}


def check(response: requests.Response, about: object) -> None:
    assert response.status_code < 500, (about, response.status_code, response.text[:300])
    if response.status_code >= 400:
        assert response.headers["Content-Type"] == "application/problem+json", (about, response.text[:300])
        assert response.json()["detail"] and len(response.content) < 10_000, (about, len(response.content))


@pytest.mark.parametrize("kind", BODIES)
def test_json_that_is_deep_or_large_or_nonsense(served: Served, kind: str) -> None:
    for path in PATHS:
        began = time.monotonic()
        response = requests.post(f"{served.url}{path}", data=BODIES[kind], headers=JSON, timeout=60)
        check(response, (path, kind))
        assert time.monotonic() - began < 20
    check_alive(served)


@pytest.mark.parametrize("count", [4, pytest.param(40, marks=pytest.mark.many)])
def test_addresses_that_are_long_or_nonsense(served: Served, count: int) -> None:
    seeded = random.Random(SEED)
    odd = [
        "%",
        "%00",
        "%zz",
        "%ff%fe",
        "..%2f..%2fetc%2fpasswd",
        "%0d%0aX: 1",
        "a" * 20_000,
        "%F0%9F%91%97",
        "a&" * 999,
    ]
    odd += ["".join(seeded.choice("%&=?;#/.0aé[]{}'\"\\") for _ in range(60)) for _ in range(count)]
    paths = ("/", "/v1/facets", "/v1/suggest", "/v1/products", "/v1/queries", "/v1/jobs", "/v1/changes.csv", "/sign-in")
    for text in odd:
        for path in paths:
            for name in ("q", "rows", "id", "field", "next", "state"):
                response = requests.get(f"{served.url}{path}?{name}={text}", timeout=20, allow_redirects=False)
                assert response.status_code < 500, (SEED, path, name, text[:80], response.text[:200])
        for path in ("/v1/products/", "/v1/images/", "/v1/jobs/", "/v1/", "/static/", "/engine/queries/"):
            response = requests.get(f"{served.url}{path}{text}", timeout=20, allow_redirects=False)
            assert response.status_code < 500, (SEED, path, text[:80], response.text[:200])
    check_alive(served)


def _part(name: str, body: bytes, extra: str = "") -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode() + body + b"\r\n"


def _file(name: str, body: bytes) -> bytes:
    return _part(name, body, '; filename="a.jpg"')


JPEG = sound()["jpeg"]
END = b"--b--\r\n"
FORMS: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "ten thousand parts": (b"".join(_part(f"p{n}", b"x") for n in range(10_000)) + END, (400, 413)),
    "ten thousand files": (_file("image", b"x") * 10_000 + END, (400, 413)),
    "two pictures": (_file("image", JPEG) * 2 + END, (400,)),
    "a picture and two queries": (_file("image", JPEG) + _part("query", b"{}") * 2 + END, (400,)),
    "a query of 2 MB": (_file("image", JPEG) + _part("query", b" " * (2 << 20)) + END, (400, 413)),
    "a file of 11 MB": (_file("image", bytes(11 << 20)) + END, (413,)),
    "a part's header of 1 MB": (_part("image", JPEG, f'; filename="{"a" * (1 << 20)}"') + END, (400, 413, 422)),
    "a name with a path": (_part("image", JPEG, '; filename="../../../../etc/cron.d/x"') + END, (200, 201)),
    "a name with a line feed": (_part("image", JPEG, '; filename="a%0d%0aX: 1"') + END, (200, 201)),
    "no end": (_file("image", JPEG), (200, 201, 400, 422)),
    "no parts": (END, (400,)),
    "a part in a part": (_part("image", _file("image", JPEG) + END, "; filename=x") + END, (400, 422)),
    "a boundary that never comes": (b"x" * (5 << 20), (400, 413, 422)),
    "dashes": (b"--" * (4 << 20), (400, 413, 422)),
}


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("path", ["/v1/search", "/v1/images", "/v1/detect"])
def test_forms_of_many_or_large_parts(served: Served, kind: str, path: str) -> None:
    data, accepted = FORMS[kind]
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    watched = Watched(served.pid)
    with watched.watching():
        began = time.monotonic()
        response = requests.post(f"{served.url}{path}", data=data, headers=headers, timeout=30)
    check(response, kind)
    if not (kind == "a picture and two queries" and path != "/v1/search"):
        assert response.status_code in accepted, response.text[:300]
    assert time.monotonic() - began < 10 and watched.grown < 200
    check_alive(served)


def test_bodies_in_chunks(served: Served) -> None:
    def chunks(size: int, count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield bytes(size)

    for size, count, statuses in ((1, 5_000, (400, 422)), (1 << 20, 12, (413,)), (1 << 16, 100, (400, 422))):
        for headers in (JSON, {"Content-Type": "image/jpeg"}):
            response = requests.post(f"{served.url}/v1/images", data=chunks(size, count), headers=headers, timeout=60)
            check(response, (size, count))
            assert response.status_code in statuses, (size, count, response.text[:300])
    check_alive(served)


@pytest.mark.parametrize(
    "content_type",
    [
        *("", "text/plain", "application/json; charset=utf-16", "application/json; charset=nonsense", "a" * 5000),
        *("multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 5000),
        *("multipart/form-data; boundary=\x01", "image/", "image/svg+xml", "application/x-www-form-urlencoded", ";;;"),
    ],
)
def test_content_types(served: Served, content_type: str) -> None:
    for path in PATHS[:5]:
        for data in (b"{}", JPEG):
            headers: dict[str, Any] = {"Content-Type": content_type}
            check(requests.post(f"{served.url}{path}", data=data, headers=headers, timeout=20), (path, content_type))
    check_alive(served)
