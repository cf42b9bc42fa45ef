#!/usr/bin/env bash
# Runs every *.test.ts below the given folders with node:test. Finding none is a failure.
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -t files < <(find "$@" -name '*.test.ts' | sort)
if [ "${#files[@]}" -eq 0 ]; then
  echo "no tests below: $*" >&2
  exit 1
fi
# A test that hangs is a failure, not a run without end.
exec node --import tsx --test --test-timeout="${TEST_TIMEOUT_MS:-600000}" --test-force-exit --test-concurrency="${TEST_CONCURRENCY:-2}" --test-reporter="${TEST_REPORTER:-dot}" "${files[@]}"
