# Sourced by the Solr image before each start (docker-entrypoint-initdb.d): copies the configset to where
# `visual-search index` creates its core from. A copy and not a mount: Docker would create the folders above a mount inside
# the volume as root, and Solr could not write there.
# shellcheck shell=bash
visual="${SOLR_HOME:?}/configsets/visual"
mkdir -p "$visual"
rm -rf "$visual/conf"
cp -r "${VISUAL_CONFIGSET:-/visual}/conf" "$visual/conf"
