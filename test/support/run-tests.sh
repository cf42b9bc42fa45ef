#!/usr/bin/env bash
# Runs every *.test.ts below the given folders with node:test. Finding none is a failure.
#
# --again: tests with real servers and processes can fail because the machine stood still for a while. Up to three files
# that fail run once more, alone, and are named as unstable; a second failure, or more files, fail the run.
set -euo pipefail
cd "$(dirname "$0")/../.."
again=0
if [ "${1:-}" = --again ]; then
  again=3
  shift
fi
mapfile -t files < <(find "$@" -name '*.test.ts' | sort)
if [ "${#files[@]}" -eq 0 ]; then
  echo "no tests below: $*" >&2
  exit 1
fi
failures=$(mktemp)
trap 'rm -f "$failures"' EXIT

# A test that hangs is a failure, not a run without end; and so is node:test itself when it hangs.
run() {
  local concurrency=$1
  shift
  timeout --foreground --kill-after=10 "${TEST_RUN_TIMEOUT_S:-1200}" \
    node --import tsx --import ./test/support/exit-anyway.mjs --test --test-timeout="${TEST_TIMEOUT_MS:-600000}" \
    --test-concurrency="$concurrency" \
    --test-reporter="${TEST_REPORTER:-dot}" --test-reporter-destination=stdout \
    --test-reporter=./test/support/failed-files.mjs --test-reporter-destination="$failures" "$@"
}

status=0
run "${TEST_CONCURRENCY:-2}" "${files[@]}" || status=$?
mapfile -t failed <"$failures"
if [ "$status" -eq 0 ] || [ "$status" -eq 124 ]; then exit "$status"; fi
if [ "${#failed[@]}" -eq 0 ] || [ "${#failed[@]}" -gt "$again" ]; then exit "$status"; fi
echo "# unstable, run once more: ${failed[*]#"$PWD/"}"
run 1 "${failed[@]}"
