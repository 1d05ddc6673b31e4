#!/usr/bin/env bash
# Edits a graph over HTTP: a token, a graph, a command, its outcome, the state and the changes.
#
# usage: GRAPHY_TOKEN=<token>   edit.sh <url> [graph]
#        GRAPHY_TICKET=<ticket> edit.sh <url> [graph]
#
# <url> is what `graphy serve` prints, such as http://127.0.0.1:7400. A token comes from
# `graphy token create --role editor me`, a ticket from the printed URL or from `graphy ticket`; a
# ticket is good for one use. Without a graph, a new one is made. Needs bash, curl and jq.
set -euo pipefail

url=${1:?usage: edit.sh <url> [graph]}
graph=${2:-}

# One request; an answer that is no success is shown and ends the script.
call() {
    local method=$1 path=$2
    shift 2
    curl --silent --show-error --fail-with-body --noproxy '*' --request "$method" "$url$path" \
        --header "Authorization: Bearer ${GRAPHY_TOKEN:-}" \
        --header 'Content-Type: application/json' "$@"
}

# A UUIDv7: 48 bits of milliseconds, the version, and random bits from a UUIDv4.
new_id() {
    local ms random
    ms=$(printf '%012x' "$(date +%s%3N)")
    random=$(cat /proc/sys/kernel/random/uuid)
    echo "${ms:0:8}-${ms:8:4}-7${random:15:3}-${random:19}"
}

# 1. A token, unless there is one: a ticket is exchanged for it.
if [ -z "${GRAPHY_TOKEN:-}" ]; then
    ticket=${GRAPHY_TICKET:?set GRAPHY_TOKEN or GRAPHY_TICKET}
    body=$(jq --null-input --arg ticket "$ticket" '{$ticket}')
    GRAPHY_TOKEN=$(call POST /api/v2/session --data "$body" | jq --raw-output .token)
fi

# 2. A graph.
if [ -z "$graph" ]; then
    graph=$(call POST /api/v2/graphs --data '{"name": "Made with curl"}' | jq --raw-output .graphId)
fi
before=$(call GET "/api/v2/graphs/$graph/state" | jq .version)

# 3. A command. Its id is made here: sending it again changes nothing, so a request whose answer
#    was lost can simply be repeated, as curl does here.
id=$(new_id)
command=$(jq --null-input --arg id "$id" '{
    operationId: $id,
    type: "CREATE_NODE",
    payload: {id: "curl-\($id)", title: "Hello from curl", position: {x: 40, y: 20}}
}')
call POST "/api/v2/graphs/$graph/command" --retry 3 --data "$command" >/dev/null

# 4. "Accepted" meant durable. The outcome comes by long poll: the answer is held back until the
#    command has ended, at most 10 s.
outcome=$(call GET "/api/v2/operations/$id?wait=10000" | jq .outcome)

# 5. The whole state, and what has happened since step 2.
state=$(call GET "/api/v2/graphs/$graph/state")
changes=$(call GET "/api/v2/graphs/$graph/changes?since=$before")

jq --null-input --arg graph "$graph" --argjson outcome "$outcome" --argjson state "$state" \
    --argjson changes "$changes" '{
        graphId: $graph,
        $outcome,
        version: $state.version,
        checksum: $state.checksum,
        nodes: ($state.nodes | length),
        changes: [$changes.changes[] | {version, type, operationId}]
    }'
