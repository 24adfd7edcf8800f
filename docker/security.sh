# Sourced by the Solr image before each start (docker-entrypoint-initdb.d): Solr then asks everybody for the password that is
# in the secret file, and knows no other user. The digest is that of Solr's Sha256AuthenticationProvider; what the image has
# of tools is enough to make it.
# shellcheck shell=bash
visual_security() {
    local secret="${SOLR_PASSWORD_FILE:-/run/secrets/solr_password}" made password salt digest
    password="$(tr -d '\r\n' <"$secret")"
    if [ "${#password}" -lt 16 ]; then
        echo "security.sh: the Solr password in $secret has fewer than 16 characters" >&2
        return 1
    fi
    made="$(mktemp -d)"
    head -c 32 /dev/urandom >"$made/salt"
    { cat "$made/salt"; printf %s "$password"; } | sha256sum | visual_bytes >"$made/once"
    digest="$(sha256sum <"$made/once" | visual_bytes | base64 -w0)"
    salt="$(base64 -w0 <"$made/salt")"
    rm -rf "$made"
    (
        umask 077
        cat >"${SOLR_HOME:?}/security.json" <<JSON
{
 "authentication": {
  "class": "solr.BasicAuthPlugin",
  "blockUnknown": true,
  "credentials": {"visual-search": "$digest $salt"}
 },
 "authorization": {
  "class": "solr.RuleBasedAuthorizationPlugin",
  "permissions": [{"name": "all", "role": "admin"}],
  "user-role": {"visual-search": "admin"}
 }
}
JSON
    )
    if [ -n "${ZK_HOST:-}" ]; then # of a SolrCloud it is in ZooKeeper
        solr zk cp "file:${SOLR_HOME:?}/security.json" zk:/security.json -z "$ZK_HOST"
    fi
}
visual_bytes() { # the hexadecimal digits that sha256sum writes first, as bytes
    local hex
    read -r hex _
    # Bash itself cannot say "what was found" before 5.2.
    # shellcheck disable=SC2001,SC2059
    printf "$(sed 's/../\\x&/g' <<<"$hex")"
}
visual_security || exit 1
