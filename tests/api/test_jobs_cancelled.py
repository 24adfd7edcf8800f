"""Long work over HTTP, on a catalogue that takes a while: ended in the middle, killed, outliving its server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
import requests
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from api.app import create_app
from tests.api.shop import serving
from tests.api.test_jobs_http import begin, ended, watch
from tests.catalog.shop import Shop
from tests.catalog.support import catalogue
from tests.merchandising.material import proposal
from vision.cli import main
from vision.jobs.model import State
from vision.jobs.store import Jobs
from vision.workspace import Workspace

pytestmark = [pytest.mark.solr, pytest.mark.slow]

COUNT = 2000
KEYS = {"merchandiser": ["merchandiser-key-0123456789"], "engineer": ["engineer-key-0123456789"]}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return catalogue(tmp_path_factory.mktemp("many"), COUNT)


@pytest.fixture(scope="module")
def shop(solr_url: str, many: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Indexed in a terminal, which the jobs know of."""
    found = Shop(tmp_path_factory.mktemp("jobs"), solr_url, "api-jobs", timeout=30)
    running = found.command("index", many, "--extractor", "histogram", "--json")
    out, said = running.communicate(timeout=400)
    assert running.returncode == 0, said
    assert json.loads(out)["indexed"] == COUNT
    yield found
    found.drop()


@pytest.fixture
def client(shop: Shop) -> FlaskClient:
    return create_app(shop.settings).test_client()


@pytest.fixture
def again(client: FlaskClient) -> str:
    """The catalogue's id."""
    (found,) = client.get("/v1/catalogues").get_json()["catalogues"]
    return str(found["id"])


def process(shop: Shop, id: str) -> psutil.Process:
    return psutil.Process(Jobs(shop.home / "jobs").get(id).pid)


def is_in(stage: str) -> Any:
    def reached(job: dict[str, Any]) -> bool:
        assert not ended(job), job
        return bool(job["stage"] == stage and 0 < job["done"] < job["total"])

    return reached


def forget_features(shop: Shop) -> None:
    for path in shop.home.glob("features.sqlite*"):
        path.unlink()


def cores(shop: Shop) -> list[str]:
    with shop.client() as client:
        return [name for name in client.admin("admin/cores", action="STATUS")["status"] if name.startswith("evaluate")]


def cancel(client: FlaskClient, shop: Shop, id: str) -> dict[str, Any]:
    running = process(shop, id)
    asked = client.post(f"/v1/jobs/{id}/cancel")
    assert asked.status_code == 200 and not asked.get_json()["cancellable"]
    last = watch(client, id, ended)[-1]
    assert last["state"] == "cancelled" and last["error"] is None, last
    running.wait(60)
    answer = client.get(f"/v1/jobs/{id}/result")
    assert answer.status_code == 409 and "is cancelled" in answer.get_json()["detail"]
    return last


def is_monotone(seen: list[dict[str, Any]]) -> bool:
    """Within each stage, and the total of a stage is one number from when it is known."""
    for stage in {each["stage"] for each in seen}:
        looks = [each for each in seen if each["stage"] == stage]
        done = [each["done"] for each in looks]
        totals = {each["total"] for each in looks} - {None}
        if done != sorted(done) or len(totals) > 1 or any(each > total for each in done for total in totals):
            return False
    return True


def test_catalogues_are_listed_with_how_they_were_indexed(client: FlaskClient, many: Path) -> None:
    (found,) = client.get("/v1/catalogues").get_json()["catalogues"]
    assert (found["file"], found["name"], found["there"], found["rows"]) == (str(many), many.name, True, COUNT)
    assert (found["collection"], found["extractor"], found["detect"]) == ("api-jobs", "histogram", False)
    assert {"id", "title", "color"} <= set(found["columns"])


def test_indexing_is_cancelled_in_the_middle_and_goes_on(client: FlaskClient, shop: Shop, again: str) -> None:
    forget_features(shop)
    job = begin(client, "index", {"catalogue": again})
    seen = watch(client, job["id"], is_in("extract"))
    assert seen[-1]["total"] == COUNT and is_monotone(seen)
    last = cancel(client, shop, job["id"])
    assert 0 < last["done"] < COUNT
    job = begin(client, "index", {"catalogue": again})
    seen = watch(client, job["id"], ended)
    assert seen[-1]["state"] == "done" and is_monotone(seen), seen[-1]
    found = client.get(f"/v1/jobs/{job['id']}/result").get_json()
    assert set(found) == {"indexed", "rejected", "cached", "seconds", "regions", "drifted"}
    assert found["indexed"] == COUNT and last["done"] <= found["cached"] + 64 < COUNT
    assert seen[-1]["summary"] == found and (seen[-1]["done"], seen[-1]["total"]) == (COUNT, COUNT)
    assert len(shop.documents("title")) == COUNT


def test_clustering_is_cancelled_in_the_middle(client: FlaskClient, shop: Shop) -> None:
    job = begin(client, "cluster", {})
    seen = watch(client, job["id"], is_in("try"))
    assert is_monotone(seen) and {each["stage"] for each in seen} <= {"start", "read", "try"}
    cancel(client, shop, job["id"])
    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    assert not Jobs(shop.home / "jobs").log(job["id"]).exists()


def test_evaluating_is_cancelled_and_leaves_no_collection(client: FlaskClient, shop: Shop, again: str) -> None:
    request = {"catalogue": again, "label": "color", "dims": ["64", "32"], "modes": ["exact"], "queries": 1000}
    job = begin(client, "evaluate", request)
    seen = watch(client, job["id"], is_in("rank"))
    assert is_monotone(seen) and len(cores(shop)) == 2 and seen[-1]["total"] == 2000
    cancel(client, shop, job["id"])
    assert cores(shop) == []


def test_an_evaluation_answers_what_the_command_prints(client: FlaskClient, shop: Shop, again: str) -> None:
    request = {"catalogue": again, "label": "color", "dims": ["16"], "modes": ["exact"], "queries": 20}
    job = begin(client, "evaluate", request)
    last = watch(client, job["id"], ended)[-1]
    assert last["state"] == "done", last
    (row,) = client.get(f"/v1/jobs/{job['id']}/result").get_json()
    path = Workspace(shop.settings).catalogues().get(again).path
    told = shop.command(
        *("evaluate", "--catalog", path, "--label", "color", "--dims", "16", "--mode", "exact", "--queries", "20"),
        *("--extractor", "histogram", "--json"),
    )
    out, said = told.communicate(timeout=120)
    assert told.returncode == 0, said
    (printed,) = json.loads(out)
    timed = {"qps", "p50_ms", "p95_ms"}
    assert {name: row[name] for name in row if name not in timed} == {
        name: printed[name] for name in printed if name not in timed
    }
    assert last["summary"]["map"] == row["map"]
    terminal = client.get("/v1/jobs?kind=evaluate").get_json()["jobs"][0]
    assert terminal["state"] == "done" and terminal["id"] != job["id"]
    answer = client.get(f"/v1/jobs/{terminal['id']}/result")
    assert answer.status_code == 404 and "terminal" in answer.get_json()["detail"]


def test_a_command_in_a_terminal_is_seen_and_ended_from_elsewhere(client: FlaskClient, shop: Shop, many: Path) -> None:
    forget_features(shop)
    running = shop.command("index", many, "--extractor", "histogram", "--json")
    newest: dict[str, Any] = {}
    while newest.get("kind") != "index" or newest.get("stage") != "extract" or not newest["done"]:
        assert running.poll() is None
        newest = next(iter(client.get("/v1/jobs?state=running").get_json()["jobs"]), {})
    ending = shop.command("jobs", "cancel", newest["id"], "--wait", "--json")
    assert json.loads(ending.communicate(timeout=120)[0])["state"] == "cancelled" and ending.returncode == 0
    out, said = running.communicate(timeout=120)
    assert running.returncode == 130 and out == "" and "Traceback" not in said
    assert f"job {newest['id']} was cancelled" in said.splitlines()
    assert said.splitlines()[-1] == "interrupted; run the same command again to go on"
    listing = shop.command("jobs", "list", "--state", "cancelled", "--json")
    assert newest["id"] in [each["id"] for each in json.loads(listing.communicate(timeout=120)[0])]


def test_a_killed_one_is_interrupted(client: FlaskClient, shop: Shop) -> None:
    job = begin(client, "cluster", {})
    watch(client, job["id"], is_in("try"))
    process(shop, job["id"]).kill()
    last = watch(client, job["id"], ended)[-1]
    assert last["state"] == "interrupted" and "killed" in last["error"] and last["ended"] is not None
    late = client.post(f"/v1/jobs/{job['id']}/cancel")
    assert late.status_code == 409 and "interrupted" in late.get_json()["detail"]


def test_only_so_many_run_and_who_is_refused_hears_of_them(shop: Shop) -> None:
    client = create_app(replace(shop.settings, jobs=1)).test_client()
    job = begin(client, "cluster", {})
    refused = client.post("/v1/jobs", json={"kind": "audit", "request": {"field": "color"}})
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 0
    assert job["id"] in refused.get_json()["detail"] and "VISUAL_SEARCH_JOBS" in refused.get_json()["detail"]
    watch(client, job["id"], lambda found: bool(found["stage"] != "start"))
    cancel(client, shop, job["id"])
    assert len([each for each in (shop.home / "jobs").glob("*.log")]) == len(
        [each for each in Jobs(shop.home / "jobs").all() if each.over_http]
    )


def test_a_job_outlives_its_server_and_the_next_one_can_end_it(shop: Shop, client: FlaskClient) -> None:
    with serving(shop.settings) as url:
        began = requests.post(f"{url}/v1/jobs", json={"kind": "cluster", "request": {}}, timeout=30)
        assert began.status_code == 202, began.text
        id = began.json()["id"]
    assert client.get(f"/v1/jobs/{id}").get_json()["state"] == "running"
    with serving(shop.settings) as url:
        assert requests.get(f"{url}/v1/jobs/{id}", timeout=30).json()["state"] == "running"
        assert requests.post(f"{url}/v1/jobs/{id}/cancel", timeout=30).status_code == 200
        assert watch(client, id, ended)[-1]["state"] == "cancelled"


def test_what_is_secret_is_not_shown_by_the_process(shop: Shop, tmp_path: Path) -> None:
    """Settings of the server are in neither its job's arguments nor, but for the server's own, its environment."""
    settings = replace(shop.settings, solr_url=shop.url.replace("http://", "http://ada:hunter2@"))
    client = create_app(settings).test_client()
    job = begin(client, "cluster", {})
    running = process(shop, job["id"])
    assert not any("hunter2" in each for each in (*running.cmdline(), *running.environ().values()))
    assert watch(client, job["id"], ended)[-1]["kind"] == "cluster"
    assert "hunter2" not in Jobs(shop.home / "jobs").log(job["id"]).read_text()


def test_roles(shop: Shop, again: str, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(KEYS | {"shopper": ["shopper-key-0123456789"]}))
    client = create_app(replace(shop.settings, api_keys=keys)).test_client()

    def by(role: str) -> dict[str, str]:
        return {"X-API-Key": f"{role}-key-0123456789"}

    asked = {"kind": "index", "request": {"catalogue": again}}
    assert client.get("/v1/jobs", headers=by("shopper")).status_code == 403
    refused = client.post("/v1/jobs", json=asked, headers=by("merchandiser"))
    assert refused.status_code == 403 and "engineer" in refused.get_json()["detail"]
    assert client.get("/v1/catalogues", headers=by("merchandiser")).status_code == 403
    began = client.post("/v1/jobs", json=asked, headers=by("engineer"))
    assert began.status_code == 202
    url = began.headers["Location"]
    assert client.get(url, headers=by("merchandiser")).status_code == 403
    assert client.post(f"{url}/cancel", headers=by("merchandiser")).status_code == 403
    kinds = {each["kind"] for each in client.get("/v1/jobs?rows=1000", headers=by("merchandiser")).get_json()["jobs"]}
    assert kinds == {"cluster"}
    assert client.post(f"{url}/cancel", headers=by("engineer")).status_code == 200
    watch(client, began.get_json()["id"], ended, headers=by("engineer"))
    assert client.delete(url, headers=by("merchandiser")).status_code == 403
    assert client.delete(url, headers=by("engineer")).status_code == 204


@pytest.mark.parametrize(
    ("kind", "request_", "status", "said"),
    [
        ("index", {"catalogue": "/etc/passwd"}, 404, "there is no catalogue '/etc/passwd'; GET /v1/catalogues lists"),
        ("index", {"catalogue": "../catalogue.csv"}, 404, "GET /v1/catalogues"),
        ("index", {}, 400, "catalogue"),
        ("index", {"catalogue": "ID", "pca": "/etc/passwd"}, 400, "accepted: catalogue, detect, recreate"),
        ("index", {"catalogue": "ID", "extractor": "onnx:/etc/passwd"}, 400, "names a file"),
        ("index", {"catalogue": "ID", "extractor": "magic"}, 400, "there is no extractor 'magic'"),
        ("evaluate", {"catalogue": "ID"}, 400, "say what a right answer is"),
        ("evaluate", {"catalogue": "ID", "label": "weight"}, 400, "no such column; it has id"),
        ("evaluate", {"catalogue": "ID", "label": "color", "judgments": "/etc/passwd"}, 400, "accepted: catalogue"),
        (
            "evaluate",
            {"catalogue": "ID", "label": "color", "extractors": ["histogram,tflite:/etc/passwd"]},
            400,
            "names a file",
        ),
    ],
)
def test_no_other_path_can_be_named(
    client: FlaskClient, again: str, kind: str, request_: dict[str, Any], status: int, said: str
) -> None:
    request = {name: again if value == "ID" else value for name, value in request_.items()}
    refused = client.post("/v1/jobs", json={"kind": kind, "request": request})
    assert refused.status_code == status and said in refused.get_json()["detail"], refused.get_json()


def test_accepting_is_ended_from_elsewhere_and_resumed(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vision.merchandising.commands._LONG_S", 0.0)  # so that it is listed from its beginning on
    proposals = [proposal(f"p{number:05d}", [], ["soft"], field="feel") for number in range(COUNT)]
    (tmp_path / "proposals.json").write_bytes(msgspec.json.encode(proposals))
    jobs = Jobs(shop.home / "jobs")
    environment = {"SOLR_URL": shop.url, "VISUAL_SEARCH_HOME": str(shop.home), "VISUAL_SEARCH_COLLECTION": shop.name}

    def changes(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["changes", *arguments], env=environment)

    def end() -> None:
        while not (found := [each for each in jobs.all() if each.kind == "changes" and each.is_running]):
            time.sleep(0.01)
        jobs.cancel(found[0].id)

    ending = threading.Thread(target=end)
    ending.start()
    stopped = changes("accept", "--from", str(tmp_path / "proposals.json"), "--by", "Ada")
    ending.join()
    assert stopped.exit_code == 130 and "`changes resume` goes on with it" in stopped.output, stopped.output
    job = next(each for each in jobs.all() if each.kind == "changes")
    assert job.state is State.CANCELLED and job.reached.total == COUNT and job.reached.done < COUNT
    (change,) = json.loads(changes("list", "--json").stdout)
    assert change["state"] == "unfinished" and change["counts"]["pending"] > 0
    resumed = json.loads(changes("resume", change["id"], "--json").stdout)
    assert (resumed["state"], resumed["counts"]) == ("written", {"written": COUNT})
