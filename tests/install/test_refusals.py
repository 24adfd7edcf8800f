"""Collections that vectors cannot be added to: nothing is changed, and the message says why and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.install.conftest import NewTheirs
from tests.install.theirs import CLASSIC, MAP, Theirs
from tests.web import Handler, serving
from vision.errors import BadSetting, Conflict
from vision.install.inspection import check_version
from vision.install.mapping import parse


def refused(theirs: Theirs, *expected: str, mapped: str = MAP) -> str:
    before = theirs.schema(), theirs.documents(), theirs.overlay()
    done = theirs.install("--json", mapped=mapped)
    assert done.exit_code == 1, done.output
    assert done.stdout == ""
    for each in expected:
        assert each in done.output
    assert (theirs.schema(), theirs.documents(), theirs.overlay()) == before
    return done.output


@pytest.mark.parametrize("version", ["9.6.0", "9.6.1", "9.10.1", "9.11.0-SNAPSHOT"])
def test_supported_versions(version: str) -> None:
    check_version(version, "http://solr")


@pytest.mark.parametrize(
    ("version", "reason"),
    [("9.5.0", "preFilter"), ("8.11.4", "preFilter"), ("10.0.0", "were not tried"), ("", "no version given")],
)
def test_other_versions_are_refused_with_the_reason(version: str, reason: str) -> None:
    with pytest.raises(Conflict, match=r"9\.6 and later 9\.x are supported") as refusal:
        check_version(version, "http://solr")
    assert reason in str(refusal.value)


@contextmanager
def old_solr(version: str) -> Iterator[str]:
    """Says that it is this version, and knows nothing else."""

    class Old(Handler):
        def do_GET(self) -> None:
            self.say(
                {"lucene": {"solr-spec-version": version}, "mode": "std"}, 200 if "info/system" in self.path else 404
            )

    with serving(Old) as url:
        yield f"{url}/solr"


def test_an_old_solr_is_asked_for_nothing_but_its_version(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    with old_solr("9.4.1") as url:
        done = Theirs(url, "shop", tmp_path, tmp_path / "pictures").install()
    assert done.exit_code == 1
    assert f"{url} is Solr 9.4.1; 9.6 and later 9.x are supported" in done.output


@pytest.mark.parametrize("given", ["title", "title=", "=name_t", "a b=c", "title=name t", "title=a,title=b", "id=sku"])
def test_mappings_that_are_none(given: str) -> None:
    with pytest.raises(BadSetting, match="--map"):
        parse([given])


def test_mappings_may_be_repeated_and_have_blanks() -> None:
    assert parse(["title=name_t, category = cat_s", "color=color_ss,"]) == {
        "title": "name_t",
        "category": "cat_s",
        "color": "color_ss",
    }


@pytest.mark.solr
def test_a_field_of_the_same_name_is_a_conflict(new_theirs: NewTheirs) -> None:
    theirs = new_theirs(3, more='<field name="vector" type="string" stored="true"/>')
    refused(theirs, "there is a field 'vector' already, and it is another one: type=string")


@pytest.mark.solr
def test_a_handler_and_a_type_of_the_same_name_are_conflicts(new_theirs: NewTheirs) -> None:
    theirs = new_theirs(
        3,
        more='<fieldType name="vector_full" class="solr.StrField"/>',
        extra='<requestHandler name="/visual" class="solr.SearchHandler"/>',
    )
    refused(
        theirs, "there is a field type 'vector_full' already", "request handler /visual already, and it is not ours"
    )


@pytest.mark.solr
def test_values_that_would_be_lost(new_theirs: NewTheirs) -> None:
    theirs = new_theirs(3, more='<dynamicField name="*_u" type="words" indexed="true" stored="false"/>')
    assert theirs.install("--dry-run").exit_code == 0
    theirs.add([{"id": "x", "secret_u": "not given back"}])
    refused(theirs, "secret_u: neither stored nor given back from docValues, nor filled by a copyField")


@pytest.mark.solr
def test_values_that_would_be_doubled(new_theirs: NewTheirs) -> None:
    theirs = new_theirs(
        3,
        more='<dynamicField name="*_copy" type="words" indexed="true" stored="true" multiValued="true"/>'
        '<copyField source="*_t" dest="*_copy"/>',
    )
    refused(theirs, "name_copy, text_copy: stored, and filled by a copyField with a pattern")


@pytest.mark.solr
def test_copies_of_everything_and_no_log(new_theirs: NewTheirs) -> None:
    theirs = new_theirs(3, more='<copyField source="*" dest="everything"/>', log=False)
    refused(theirs, "copyField * to everything: the 1,024 numbers", "has no <updateLog/>")


@pytest.mark.solr
def test_what_changes_with_every_update_is_noticed_at_the_first_document(new_theirs: NewTheirs) -> None:
    theirs = new_theirs(
        6,
        extra='<updateRequestProcessorChain default="true"><processor class="solr.TimestampUpdateProcessorFactory">'
        '<str name="fieldName">touched_dt</str></processor><processor class="solr.DistributedUpdateProcessorFactory"/>'
        '<processor class="solr.CloneFieldUpdateProcessorFactory"><str name="source">cat_s</str>'
        '<str name="dest">clones_ss</str></processor><processor class="solr.RunUpdateProcessorFactory"/>'
        "</updateRequestProcessorChain>",
    )
    done = theirs.install()
    assert done.exit_code == 1
    assert "document 'sku-00001' got vectors, and its clones_ss, touched_dt changed too" in done.output
    assert set(theirs.vectors()) == {"sku-00001"}
    assert theirs.install("--may-change", "touched_dt,clones_ss").exit_code == 0
    assert len(theirs.vectors()) == 4


@pytest.mark.solr
def test_fields_that_do_not_fit(new_theirs: NewTheirs) -> None:
    theirs = new_theirs(3)
    refused(
        theirs,
        "--map title=nothing: the schema has no field nothing",
        "--map image=everything: everything is a TextField, multi-valued, indexed; it must be stored",
        "--map price=name_t: name_t is a TextField, indexed, stored; a price is one number",
        "--map category=name_t: name_t is a TextField, indexed, stored; a facet is a string",
        "--map product_id=color_ss: color_ss is a StrField, multi-valued",
        mapped="title=nothing,image=everything,price=name_t,category=name_t,product_id=color_ss",
    )
    refused(theirs, "no field is mapped to image", "img_s", mapped="title=name_t")
    done = theirs.install("--words", "nothing^2")
    assert (done.exit_code, "--words has 'nothing^2'" in done.output) == (2, True)


@pytest.mark.solr
def test_an_immutable_schema_gets_lines_to_paste(new_theirs: NewTheirs) -> None:
    theirs = new_theirs(6, factory=CLASSIC)
    said = refused(theirs, "the schema cannot be changed over HTTP")
    lines = [line for line in said.splitlines() if line.startswith("<field")]
    assert len(lines) == 7
    path = theirs.conf() / "schema.xml"
    path.write_text(path.read_text().replace("</schema>", "\n".join(lines) + "</schema>"))
    theirs.reload()
    schema, documents = theirs.schema(), theirs.own()
    done = theirs.install("--json")
    assert done.exit_code == 0, done.output
    plan = json.loads(done.stdout)
    assert (plan["fields"], plan["types"], len(plan["kept"]), plan["backfill"]["added"]) == ([], [], 7, 4)
    assert theirs.own() == documents

    gone = json.loads(theirs.run("uninstall", "--json").stdout)
    assert (gone["documents"], sorted(gone["left"])) == (4, ["coarse", "embedding", "image_hash", "vector"])
    assert theirs.vectors() == {} and theirs.schema() == schema and theirs.own() == documents


@pytest.mark.solr
def test_a_locked_configuration_gets_a_handler_to_paste(new_theirs: NewTheirs, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = new_theirs(6)
    monkeypatch.setattr("vision.install.inspection._editable", lambda client: False)
    said = refused(theirs, "disable.configEdit=true")
    handler = said[said.index("<requestHandler") : said.index("</requestHandler>")] + "</requestHandler>"
    path = theirs.conf() / "solrconfig.xml"
    path.write_text(path.read_text().replace("</config>", f"{handler}</config>"))
    theirs.reload()
    done = theirs.install("--json")
    assert done.exit_code == 0, done.output
    plan = json.loads(done.stdout)
    assert (plan["handler"], len(plan["fields"]), plan["backfill"]["added"]) == (None, 4, 4)


@pytest.mark.solr
def test_nothing_to_undo(new_theirs: NewTheirs) -> None:
    theirs = new_theirs(3)
    done = theirs.run("uninstall")
    assert (done.exit_code, "has no /visual of ours; nothing to undo" in done.output) == (1, True)


@pytest.mark.solr
def test_no_such_collection(solr_url: str, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    done = Theirs(solr_url, "nowhere", tmp_path, tmp_path / "pictures").install()
    assert (done.exit_code, "has no collection 'nowhere'" in done.output) == (1, True)
