"""Query forms that look right and are not: a function for each, which tries it and says what Solr did."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import orjson

from benchmarks import server
from benchmarks.asking import Forms, Seen
from vision.errors import SolrRefused
from vision.search.composer import vector
from vision.search.model import Query


def knn_as_main_query(forms: Forms) -> Seen:
    everything = len(forms.synthetic.ids)
    facet = {"color": {"type": "terms", "field": "attr_color"}}
    answer = forms.ask(q="{!knn f=coarse topK=100 v=$code}", rows=0, facet=facet)
    total = answer["response"]["numFound"]
    counted = sum(bucket["count"] for bucket in answer["facets"]["color"]["buckets"])
    return Seen(f"total {total} of {everything:,}; facet counts add up to {counted}", total == 100 and counted <= 100)


def knn_main_query_and_exclude_tags(forms: Forms) -> Seen:
    facet = {"color": {"type": "terms", "field": "attr_color", "domain": {"excludeTags": "C"}}}
    tagged = ["{!cache=false}*:*", "{!term f=attr_color tag=C}red"]
    answer = forms.ask(q="{!knn f=coarse topK=100 v=$code}", fq=tagged, rows=0, facet=facet)
    counted = sum(bucket["count"] for bucket in answer["facets"]["color"]["buckets"])
    return Seen(
        f"colours without their own filter: {counted} pictures counted, {len(forms.synthetic.ids):,} match",
        counted <= 200,
    )


def nested_knn_without_prefilter(forms: Forms) -> Seen:
    keep = forms.synthetic.where(hundredth="h42")
    fq = ["{!cache=false}*:*", "{!term f=attr_hundredth}h42"]
    hits = {"plain": 0, "preFilter": 0}
    for number, code in enumerate(forms.codes):
        expected = forms.nearest(number, keep)
        for name, pre in (("plain", ""), ("preFilter", " preFilter=$pre")):
            near = f"{{!knn f=coarse topK=100{pre} v=$code}}"
            documents = forms.documents(q="{!bool must=$near}", near=near, code=code, fq=fq, pre=fq[1], rows=1000)
            hits[name] += len(expected & {each["id"] for each in documents})
    size = 10 * len(forms.codes)
    plain, pre_filtered = hits["plain"] / size, hits["preFilter"] / size
    return Seen(f"nearest ten found at 1 %: {plain:.3f}; with preFilter {pre_filtered:.3f}", plain < 0.5 < pre_filtered)


def rerank_without_weight(forms: Forms) -> Seen:
    base = {"q": "{!knn f=coarse topK=100 v=$code}", "rrq": "{!func v=$sim}", "rows": 1}
    weight = {
        name: float(
            forms.documents(rq=f"{{!rerank reRankQuery=$rrq reRankDocs=100 reRankOperator=replace{extra}}}", **base)[0][
                "score"
            ]
        )
        for name, extra in (("default", ""), ("one", " reRankWeight=1"))
    }
    ratio = weight["default"] / weight["one"]
    return Seen(f"score {ratio:.2f} times the similarity; 1.00 times with reRankWeight=1", abs(ratio - 2) < 1e-3)


def rerank_and_ties(forms: Forms) -> Seen:
    rerank = "{!rerank reRankQuery=$rrq reRankDocs=300 reRankOperator=replace reRankWeight=1}"
    order = {"sort": "score desc,id asc", "rows": 300}
    best = [each["id"] for each in forms.documents(q="{!knn f=coarse topK=300 v=$code}", fl="id", rows=300)]
    again = [
        each["id"]
        for each in forms.documents(q="{!knn f=coarse topK=300 v=$code}", rq=rerank, rrq="{!func v=1}", **order)
    ]
    ours = [each["id"] for each in forms.documents(q="{!func v=1}", **order)]
    by_id, plain = again == sorted(best), ours == sorted(forms.synthetic.ids)[:300]
    return Seen(
        f"300 equal scores by id with sort=…,id asc: {by_id}; one phase with that sort: {plain}", plain and not by_id
    )


def rerank_past_its_documents(forms: Forms) -> Seen:
    rerank = "{!rerank reRankQuery=$rrq reRankDocs=100 reRankOperator=replace reRankWeight=1}"
    documents = forms.documents(q="*:*", rq=rerank, rrq="{!func v=$sim}", fl="id,s:$sim", start=100, rows=100)
    values = [each["s"] for each in documents]
    rising = sum(a < b for a, b in zip(values, values[1:], strict=False))
    cursor = forms.status(q="*:*", rq=rerank, rrq="{!func v=$sim}", sort="score desc,id asc", cursorMark="*")
    return Seen(
        f"places 100 to 200: {rising} of 99 neighbours in the wrong order; cursorMark gives HTTP {cursor}",
        rising > 20 and cursor >= 400,
    )


def words_and_candidates_added(forms: Forms) -> Seen:
    """``must=$words should=$knn`` ranks by BM25 plus a similarity below 1: words decide who is re-ranked."""
    words = "{!edismax v=dress}"
    rerank = "{!rerank reRankQuery=$rrq reRankDocs=200 reRankOperator=replace reRankWeight=1}"
    keep = forms.synthetic.where(category="dress")
    found = 0
    for number, code in enumerate(forms.codes):
        documents = forms.documents(
            q="{!bool must=$words should=$near}",
            words=words,
            near="{!knn f=coarse topK=200 preFilter=$words v=$code}",
            code=code,
            rq=rerank,
            rrq="{!func v=$sim}",
            sim=f"vectorSimilarity(FLOAT32,EUCLIDEAN,vector,{vector(forms.queries[number])})",
            rows=10,
        )
        found += len(forms.nearest(number, keep) & {each["id"] for each in documents})
    recall = found / (10 * len(forms.codes))
    return Seen(f"ten nearest among the words' matches found: {recall:.3f}", recall < 0.99)


def no_filter_at_all(forms: Forms) -> Seen:
    grown = {}
    facet = {"color": {"type": "terms", "field": "attr_color"}}
    ours = ["{!cache=false}*:*"]
    for name, fq, asked in (
        ("none", [], {"facet": facet}),
        ("bare", [], {}),
        ("cached", ["attr_color:red"], {"facet": facet}),
        ("ours", ours, {"facet": facet}),
    ):
        forms.found(q="*:*", fq=fq)  # the colour's own entry
        before = server.cache_inserts(forms.client)["filterCache"]
        for number in range(10):
            main = f"{{!func cache=false v={number}.5}}"
            forms.ask(q="{!bool filter=$t must=$m cache=false}", t="{!edismax v=dress}", m=main, fq=fq, **asked)
        grown[name] = server.cache_inserts(forms.client)["filterCache"] - before
    return Seen(
        f"10 queries with facets leave {grown['none']} entries without any fq ({grown['bare']} without facets), "
        f"{grown['cached']} with a facet's filter, {grown['ours']} with {{!cache=false}}*:*",
        grown["none"] >= 10 and grown["ours"] == grown["cached"] == grown["bare"] == 0,
    )


def frange_cached(forms: Forms) -> Seen:
    grown = {}
    for name, local in (("cached", ""), ("ours", " cache=false")):
        before = server.cache_inserts(forms.client)["filterCache"]
        for number in range(10):
            threshold = f"{{!frange{local} l={0.001 + number / 1e6!r} v=$sim}}"
            forms.found(q="{!bool must=$t filter=$thr cache=false}", t="{!edismax v=dress}", thr=threshold)
        grown[name] = server.cache_inserts(forms.client)["filterCache"] - before
    return Seen(
        f"10 thresholds leave {grown['cached']} entries, {grown['ours']} with cache=false",
        grown["cached"] >= 10 and grown["ours"] == 0,
    )


def reserved_ids(forms: Forms) -> Seen:
    wanted = forms.synthetic.ids[:3]
    plain = forms.found(q="{!terms f=id v=$wanted}", wanted=",".join(wanted))
    try:
        answer = forms.ask(q="{!terms f=id v=$ids}", ids=",".join(wanted), rows=0)
        seen = f"{len(answer['response']['docs'])} documents returned for rows=0"
        odd = bool(answer["response"]["docs"])
    except SolrRefused as refused:
        seen, odd = f"HTTP {refused.status}", True
    return Seen(f"{seen}; the same with another name: total {plain}", odd and plain == 3)


def functions_that_fail(forms: Forms) -> Seen:
    tried = {
        "sum": "sum($sim,0)",
        "product": "product(2,$sim)",
        "div": "div(1,$sim)",
        "recip": "recip($sim,1,1,1)",
        "sub": "sub(1,$sim)",
        "exp": "exp($sim)",
        "log": "log($sim)",
        "sqrt": "sqrt($sim)",
        "pow": "pow($sim,2)",
        "if(gt())": "if(gt($sim,0.5),1,0)",
    }
    statuses = {name: forms.status(q="{!func v=$f}", f=f, rows=1) for name, f in tried.items()}
    good = [name for name, status in statuses.items() if status == 200]
    bad = [f"{name} {status}" for name, status in statuses.items() if status != 200]
    return Seen(f"work: {', '.join(good)}; refused: {', '.join(bad) or 'none'}", good[:5] == list(tried)[:5])


def sort_by_similarity(forms: Forms) -> Seen:
    bare = forms.status(q="*:*", sort=f"{forms.similarity} desc")
    wrapped = forms.status(q="*:*", sort="sum($sim,0) desc,id asc")
    return Seen(f"HTTP {bare}; sum($sim,0) HTTP {wrapped}", bare >= 400 and wrapped == 200)


def without_a_vector(forms: Forms) -> Seen:
    forms.client.add([{"id": "bare", "product_id": "bare", "title": "bare"}])
    forms.client.commit()
    try:
        one = {"q": "{!term f=id v=$w}", "w": "bare", "fl": "s:$sim,d:sub(div(1,$sim),1)"}
        document = forms.documents(**one)[0]
        return Seen(f"similarity {document['s']}, distance {document.get('d')}", document["s"] == 0.0)
    finally:
        forms.client.delete("id:bare")
        forms.client.commit()


def facets_of_collapsed(forms: Forms) -> Seen:
    facet = {
        "heads": {"type": "terms", "field": "attr_color", "limit": 1, "facet": {"p": "unique(product_id)"}},
        "all": {
            "type": "terms",
            "field": "attr_color",
            "limit": 1,
            "facet": {"p": "unique(product_id)"},
            "domain": {"excludeTags": "G"},
        },
    }
    fq = ["{!cache=false}*:*", "{!collapse tag=G field=product_id sort='id asc'}"]
    answered = forms.ask(q="*:*", fq=fq, facet=facet)["facets"]
    heads, whole = answered["heads"]["buckets"][0], answered["all"]["buckets"][0]
    return Seen(
        f"'{whole['val']}': {heads['count']} heads; of {whole['count']} pictures unique(product_id) is {whole['p']}",
        heads["count"] == heads["p"] == whole["p"] < whole["count"],
    )


def collapse_forms(forms: Forms) -> Seen:
    number = forms.status(q="*:*", fq="{!collapse field=_version_}")
    function = forms.status(q="*:*", fq="{!collapse field=product_id max=$sim}")
    nested = forms.status(q="*:*", fq="{!collapse field=product_id max='sum($sim,0)'}")
    return Seen(
        f"on a long field HTTP {number}; max=$similarity {function}, max='sum($similarity,0)' {nested}",
        number >= 400 and nested >= 400,
    )


def group_and_rerank(forms: Forms) -> Seen:
    common = {"q": "*:*", "rq": "{!rerank reRankQuery=$rrq reRankDocs=100 reRankOperator=replace reRankWeight=1}"}
    common |= {"rrq": "{!func v=$sim}", "fl": "id,s:$sim", "rows": "10"}
    answer = forms.ask(group="true", **{"group.field": "product_id"}, **common)
    groups = answer["grouped"]["product_id"]["groups"]
    values = [group["doclist"]["docs"][0]["s"] for group in groups]
    return Seen(
        f"the first ten in the order of the re-rank: {values == sorted(values, reverse=True)}",
        values != sorted(values, reverse=True),
    )


def macro_expansion(forms: Forms) -> Seen:
    answer = forms.ask(q="{!term f=id v=$w}", w="${secret}", secret=forms.synthetic.ids[0], expandMacros="true")
    facet = {"color": {"type": "terms", "field": "attr_color"}}
    counted = "facets" in forms.ask(q="*:*", rows=0, facet=facet)
    found = answer["response"]["numFound"]
    return Seen(f"locked in the handler: expanded {found == 1}, facets there {counted}", found == 0 and counted)


def edismax_obeys(forms: Forms) -> Seen:
    one = forms.synthetic.ids[0]
    fields = forms.found(q="{!edismax v=$w}", w=f"id:{one}")
    locked = forms.found(q="{!edismax uf=-* v=$w}", w=f"id:{one}")
    everything = forms.found(q="{!edismax uf=-* v=$w}", w="[* TO *]")
    minus = forms.found(q="{!edismax uf=-* v=$w}", w="dress -mini")
    escaped = forms.synthetic.engine.run(Query(text="dress -mini", rows=0, grouped=False)).total
    both = int((forms.synthetic.where(category="dress", length="mini")).sum())
    return Seen(
        f"id:x finds {fields}, with uf=-* {locked}; yet [* TO *] finds {everything:,}, and 'dress -mini' "
        f"{minus:,} that are not mini; escaped it finds {escaped:,}: {both:,} are mini dresses",
        fields == 1 and locked == 0 and everything > 0 and minus > 0 and escaped == both,
    )


def bad_vectors(forms: Forms) -> Seen:
    statuses = []
    for values in ([1.0, 2.0], [[0.0] * 1024] * 2):
        try:
            forms.client.add([{"id": "bad", "product_id": "bad", "vector": values}])
            statuses.append(200)
        except SolrRefused as refused:
            statuses.append(refused.status)
    return Seen(f"two values HTTP {statuses[0]}, a list of vectors HTTP {statuses[1]}", min(statuses) >= 400)


def query_vector_digits(forms: Forms) -> Seen:
    exact = np.array([float(f"{value:.9g}") for value in forms.full], dtype=np.float32)
    short = np.array([float(f"{value:.7g}") for value in forms.full], dtype=np.float32)
    ours = np.array(orjson.loads(vector(forms.full)), dtype=np.float32)
    changed = int((short != forms.full).sum())
    good = bool((exact == forms.full).all() and (ours == forms.full).all())
    return Seen(f"%.7g changes {changed} of 1,024 values, %.9g and ours none", changed > 0 and good)


def partial_answers(forms: Forms) -> Seen:
    answer = forms.ask(q="{!func v=$sim}", timeAllowed=1, rows=10)
    header = answer["responseHeader"].get("partialResults", False)
    return Seen(
        f"timeAllowed=1: partialResults {header}, numFound {answer['response']['numFound']:,}, "
        f"numFoundExact {answer['response'].get('numFoundExact')}",
        True,
    )


def vecsim_threshold(forms: Forms) -> Seen:
    """Solr's own parser for thresholds follows the graph: it is as good as the graph is."""
    exact = found = 0
    for number, code in enumerate(forms.codes):
        full = vector(forms.queries[number])
        limit = float(np.quantile(forms.synthetic.distances(forms.queries[number]), 0.01))
        least = repr(1 / (1 + limit))
        similarity = f"vectorSimilarity(FLOAT32,EUCLIDEAN,vector,{full})"
        exact += forms.found(q="{!frange cache=false l=$least v=$sim}", least=least, sim=similarity, code=code)
        found += forms.found(q=f"{{!vectorSimilarity f=vector minReturn={least} cache=false v=$full}}", full=full)
    return Seen(f"{found} of {exact} within the distance found", found < exact)


def posts_of_a_web_page(forms: Forms) -> Seen:
    """What a page in a browser may send anywhere without being asked: a POST of text/plain."""
    headers = {"Content-Type": "text/plain", "Origin": "http://elsewhere.example"}
    url, session = forms.client.url, forms.client.session

    def post(path: str, body: str) -> int:
        return session.post(f"{url}/{path}", data=body, headers=headers, timeout=30).status_code

    deletion = '{"delete": {"query": "id:nobody"}}'
    update, json_update = post("update", deletion), post("update/json", deletion)
    config = post("config", '{"set-user-property": {"benchmark": "1"}}')
    return Seen(
        f"text/plain to /update HTTP {update}, to /update/json {json_update}, to /config {config}",
        update == 415 and json_update == 200,
    )


CLAIMS: Sequence[tuple[str, Callable[[Forms], Seen]]] = (
    ("{!knn} as the main query", knn_as_main_query),
    ("… with tag and excludeTags", knn_main_query_and_exclude_tags),
    ("fq and a nested {!knn}", nested_knn_without_prefilter),
    ("{!rerank} with its default weight", rerank_without_weight),
    ("{!rerank} and equal scores", rerank_and_ties),
    ("paging past reRankDocs", rerank_past_its_documents),
    ("must=$words should=$knn, re-ranked", words_and_candidates_added),
    ("no fq", no_filter_at_all),
    ("frange as a cached clause", frange_cached),
    ("a parameter named ids", reserved_ids),
    ("functions over the similarity", functions_that_fail),
    ("sort=vectorSimilarity(…)", sort_by_similarity),
    ("a document without a vector", without_a_vector),
    ("facets of collapsed results", facets_of_collapsed),
    ("{!collapse} by other means", collapse_forms),
    ("group=true with a re-rank", group_and_rerank),
    ("${…} in a bound text", macro_expansion),
    ("edismax without escaping", edismax_obeys),
    ("vectors that are none", bad_vectors),
    ("digits of a query vector", query_vector_digits),
    ("timeAllowed", partial_answers),
    ("{!vectorSimilarity} for a threshold", vecsim_threshold),
    ("a POST of any web page", posts_of_a_web_page),
)
