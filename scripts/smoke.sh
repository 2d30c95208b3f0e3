#!/usr/bin/env bash
# The promise, end to end and in seconds: a probe counts down, its server is killed with -9, another one is started on the
# same data, and a reader who goes on from its last cursor finds that nothing happened.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
server=
address=
trap 'kill -9 $server 2>/dev/null || true; rm -rf "$work"' EXIT

fail() {
	echo "smoke: $1" >&2
	tail -n 20 "$work/log" >&2
	exit 1
}

start() {
	: >"$work/out"
	.venv/bin/aevatar serve --port 0 --data "$work/data" --capability examples.probe >"$work/out" 2>>"$work/log" &
	server=$!
	for _ in $(seq 200); do
		address=$(awk '/ serves /{print $NF}' "$work/out")
		[ -n "$address" ] && return
		kill -0 "$server" 2>/dev/null || fail "the server did not start"
		sleep 0.1
	done
	fail "the server did not start in time"
}

launch() {
	curl -sS --fail -H 'Content-Type: application/json' -H 'Idempotency-Key: launch-1' \
		-d '{"name": "pathfinder", "destination": "moon", "countdown": 4}' "$address/api/scopes/dev/probes"
}

follow() {
	curl -sSN --max-time 30 -H "Last-Event-ID: $1" "$address/api/scopes/dev/probes/pathfinder/events"
}

values() { # of a field, in all events of a name
	grep -A 1 "^event: $1\$" "$work/stream" | sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p" | paste -sd ' '
}

start
first=$(launch)
[ "$(launch)" = "$first" ] || fail "the same request again was not answered the same"

: >"$work/before"
follow 0 >"$work/before" 2>/dev/null &
reader=$!
for _ in $(seq 200); do
	grep -q '^id: 3$' "$work/before" && break
	sleep 0.1
done
kill -9 "$server"
wait "$reader" "$server" 2>/dev/null || true
cursor=$(sed -n 's/^id: //p' "$work/before" | tail -n 1)
[ -n "$cursor" ] || fail "nothing was shown before the kill"

start
follow "$cursor" >"$work/after"
cat "$work/before" "$work/after" >"$work/stream"

cursors=$(sed -n 's/^id: //p' "$work/stream" | paste -sd ' ')
[ "$cursors" = "$(seq -s ' ' "$(wc -w <<<"$cursors")")" ] || fail "the reader saw $cursors"
[ "$(values countdown remaining)" = "3 2 1 0" ] || fail "the countdown was $(values countdown remaining)"
for once in planned lift_off arrived; do
	[ "$(grep -c "^event: $once\$" "$work/stream")" = 1 ] || fail "$once was not shown once"
done

last=${cursors##* }
[ "$(curl -sS -o /dev/null -w '%{http_code}' -H "Last-Event-ID: $last" \
	"$address/api/scopes/dev/probes/pathfinder/events")" = 204 ] || fail "a reader at the end was not sent away"
launch >/dev/null || fail "the command was not remembered over the kill"
curl -sS --fail "$address/api/scopes/dev/probes?phase=arrived" | grep -q '"name":"pathfinder"' || fail "not in the list"
curl -sS --fail "$address/health/ready" >/dev/null || fail "not ready"

kill -TERM "$server"
wait "$server" || fail "the server did not stop cleanly"
echo "smoke: killed after event $cursor of $last, resumed, and nothing was lost or shown twice"
