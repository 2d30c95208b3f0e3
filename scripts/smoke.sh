#!/usr/bin/env bash
# The promise, end to end and within a minute: a probe counts down, an agent talks, a response is streamed to a client of
# OpenAI's API; their server is killed with -9, another one is started on the same data, and readers who go on from their
# last cursor find that nothing happened. What the server says one may paste is pasted.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
python=$PWD/.venv/bin/python
server=
address=
trap 'kill -9 $server 2>/dev/null || true; rm -rf "$work"' EXIT

fail() {
	echo "smoke: $1" >&2
	tail -n 20 "$work/log" >&2
	exit 1
}

eventually() { # a command succeeds, but no longer than a minute after the start of everything
	until "$@"; do
		[ "$SECONDS" -lt 60 ] || fail "waited for a minute for: $*"
		sleep 0.1
	done
}

start() { # words of the offline model come so many milliseconds apart
	: >"$work/out"
	AEVATAR_OFFLINE_DELAY_MS=$1 .venv/bin/aevatar serve --port "${address##*:}" --data "$work/data" \
		--capability examples.probe >"$work/out" 2>>"$work/log" &
	server=$!
	eventually is_serving
	address=$(awk '/ serves /{print $NF}' "$work/out")
}

is_serving() {
	kill -0 "$server" 2>/dev/null || fail "the server did not start"
	grep -q ' serves ' "$work/out"
}

post() { # a body to a path, under an idempotency key
	curl -sS --fail -H 'Content-Type: application/json' -H "Idempotency-Key: $1" -d "$2" "$address$3"
}

follow() { # a path from a cursor, into the stream of a name
	curl -sSN --max-time 20 -H "Last-Event-ID: $2" "$address$3" >>"$work/$1" 2>/dev/null
}

seen() { # the last cursor in the stream of a name
	sed -n 's/^id: //p' "$work/$1" | tail -n 1
}

has_shown() { # the stream of a name, a cursor
	[ "$(seen "$1")" -ge "$2" ] 2>/dev/null
}

count() { # how often the stream of a name showed events of a type
	grep -c "^event: $2\$" "$work/$1" || true
}

launch() {
	post launch-1 '{"name": "pathfinder", "destination": "moon", "countdown": 4}' /api/scopes/dev/probes
}

words() { # as the offline model says them
	seq -f 'word%g' "$1" | paste -sd ' '
}

said() { # what the pieces of text in the stream of a name amount to
	grep '^data: ' "$work/$1" | "$python" -c '
import json, sys
print("".join(json.loads(line[6:]).get("text", "") for line in sys.stdin if "\"channel\":\"text\"" in line), end="")'
}

address=:0
start 25
first=$(launch)
[ "$(launch)" = "$first" ] || fail "the same request again was not answered the same"
curl -sS --fail "$address/api/agents" | grep -q '"key":"assistant".*"key":"echo"' || fail "nobody is there to talk to"

# Three readers, cut off in the middle.
touch "$work/probe" "$work/talk" "$work/response"
follow probe 0 /api/scopes/dev/probes/pathfinder/events &
readers=$!
eventually has_shown probe 3
run=$(post talk-1 '{"prompt": "/long 120"}' /api/agents/assistant/runs)
[ "$(post talk-1 '{"prompt": "/long 120"}' /api/agents/assistant/runs)" = "$run" ] || fail "a retry started another run"
events=$(sed 's/.*"events":"\([^"]*\)".*/\1/' <<<"$run")
eventually curl -s --fail -o /dev/null "$address${events%/events}"
follow talk 0 "$events" &
readers="$readers $!"
curl -sSN --max-time 20 -H 'Content-Type: application/json' "$address/v1/responses" \
	-d '{"model": "agent/assistant", "input": "/long 120", "stream": true}' >"$work/response" 2>/dev/null &
readers="$readers $!"
eventually has_shown talk 8
eventually has_shown response 64
kill -9 "$server"
for process in $readers $server; do wait "$process" 2>/dev/null || true; done
cursor=$(seen probe)

start 0
response=$(sed -n 's/.*"id":"\(resp_[^"]*\)".*/\1/p' "$work/response" | head -n 1)
follow talk "$(seen talk)" "$events" || fail "the run was not resumed to its end"
follow response 0 "/v1/responses/$response?stream=true&starting_after=$(seen response)" || fail "the response was not resumed"
follow probe "$cursor" /api/scopes/dev/probes/pathfinder/events || fail "the probe was not resumed"

for stream in probe talk; do
	cursors=$(sed -n 's/^id: //p' "$work/$stream" | paste -sd ' ')
	[ "$cursors" = "$(seq -s ' ' "$(wc -w <<<"$cursors")")" ] || fail "the reader of $stream saw $cursors"
done
for once in planned lift_off arrived; do
	[ "$(count probe $once)" = 1 ] || fail "$once was not shown once"
done
[ "$(count talk run_closed)" = 1 ] || fail "the run has not one end"
grep -A 1 '^event: run_closed$' "$work/talk" | grep -q '"status":"completed"' || fail "the run did not complete"
[ "$(count talk message_restarted)" = 1 ] || fail "the run does not say that its reply began again"
case $(said talk) in *"$(words 120)") ;; *) fail "the run did not say all its words" ;; esac

sed -n 's/^id: //p' "$work/response" | sort -n -C -u || fail "the response was not shown in order"
[ "$(count response response.created)$(count response response.completed)" = 11 ] || fail "the response was not shown once"
[ "$(tail -n 2 "$work/response" | head -n 1)" = 'data: [DONE]' ] || fail "the response does not say that it is done"
curl -sS --fail "$address/v1/responses/$response" | grep -q "$(words 120)" || fail "the response lost some of its words"

# What is said at the start, pasted.
grep '^curl ' "$work/out" >"$work/curl.sh"
sed -n '/^from openai/,/^$/p' "$work/out" >"$work/client.py"
bash "$work/curl.sh" 2>>"$work/log" | grep -q 'You said: hi' || fail "the line for curl does not work as it is pasted"
"$python" "$work/client.py" 2>>"$work/log" | grep -q 'You said: hi' || fail "the client does not work as it is pasted"
answer=$(echo "good morning" | .venv/bin/aevatar chat --url "$address" 2>>"$work/log")
[ "${answer##*$'\n'}" = "You said: good morning. This is message 1." ] || fail "aevatar chat answered: $answer"

launch >/dev/null || fail "the command was not remembered over the kill"
curl -sS --fail "$address/api/scopes/dev/probes?phase=arrived" | grep -q '"name":"pathfinder"' || fail "not in the list"
[ "$(curl -sS -o /dev/null -w '%{http_code}' -H "Last-Event-ID: $(seen talk)" "$address$events")" = 204 ] ||
	fail "a reader at the end was not sent away"
curl -sS --fail "$address/health/ready" >/dev/null || fail "not ready"

kill -TERM "$server"
wait "$server" || fail "the server did not stop cleanly"
echo "smoke: killed in the middle of a countdown, a run and a response; resumed, and nothing was lost or shown twice"
