#!/usr/bin/env bash
# Brings the real servers that the tests run against, into `servers` under Cargo's target directory.
# They are unpacked there and not installed; what is there already is left alone.
#
# usage: tests/servers.sh SERVER...
#
#   aw-server                ActivityWatch's Python server, as pinned in tests/requirements.txt
#   prometheus               from this machine's own Debian release
#   victoria-metrics         likewise
#   prometheus@SUITE         from another one: trixie, sid
#   victoria-metrics@SUITE   likewise
#   promtool@SUITE           where `prometheus` does not have it: from trixie on
set -euo pipefail
cd "$(dirname "$0")/.."

servers="${CARGO_TARGET_DIR:-target}/servers"
mkdir -p "$servers"
servers="$(cd "$servers" && pwd)" # apt and the venv want absolute paths

fail() {
    echo "tests/servers.sh: $1" >&2
    exit 1
}

# The venv knows its own path, so it cannot be built elsewhere and moved into place. The copy of the
# requirements is written last instead: without it, or with another one, the venv is built anew.
bring_aw_server() {
    local venv="$servers/venv"
    if ! [ -x "$venv/bin/python" ] || ! cmp -s tests/requirements.txt "$venv/requirements.txt"; then
        # Debian ships `venv` without the part that puts pip into it.
        python3 -c 'import ensurepip' 2>/dev/null || .ci/install-packages python3-venv
        echo "bringing aw-server" >&2
        python3 -m venv --clear "$venv"
        "$venv/bin/python" -m pip --disable-pip-version-check --quiet \
            install --no-deps --use-pep517 --requirement tests/requirements.txt
        cp tests/requirements.txt "$venv/requirements.txt.new"
        mv "$venv/requirements.txt.new" "$venv/requirements.txt"
    fi
    sed -n 's/^aw-server==/aw-server /p' "$venv/requirements.txt"
}

# Runs apt-get on one suite of the Debian mirror that this machine uses, with settings, lists and
# cache of its own, so that the machine's apt neither notices nor needs root.
apt_for() {
    local suite="$1" home="$servers/apt/$1"
    shift
    apt-get --config-file "$home/apt.conf" -qq "$@"
}

# Writes the settings for `apt_for` and fetches the suite's lists, once a run.
prepare_apt() {
    local suite="$1" home="$servers/apt/$1" mirror components keyring options=""
    [[ "$prepared" != *" $suite "* ]] || return 0

    # apt itself reads the machine's sources, whichever of their two formats they are in. The first
    # to hold this release is taken for Debian's own: others call theirs `stable` or the like. Without
    # the option only lists that were fetched before would count.
    # shellcheck disable=SC2016 # the variables are apt's
    read -r mirror components < <(
        apt-get indextargets --no-release-info \
            --format '$(RELEASE) $(REPO_URI) $(COMPONENT)' 'Created-By: Packages' |
            awk -v release="$VERSION_CODENAME" '{ print $1 != release, $2, $3 }' |
            sort --stable --numeric-sort --key=1,1 |
            awk '
                !mirror { mirror = $2 }
                $2 == mirror && !seen[$3]++ { components = components " " $3 }
                END { print mirror components }'
    )
    [ -n "$mirror" ] || fail "this machine has no source of Debian packages set up"

    keyring="/usr/share/keyrings/$ID-archive-keyring.gpg"
    [ ! -e "$keyring" ] || options=" signed-by=$keyring"

    mkdir -p "$home/state/lists/partial" "$home/cache/archives/partial"
    echo "deb [target=Packages$options] $mirror $suite $components" >"$home/sources.list"
    # A frozen mirror serves release files past their date. The sandbox user could not write here,
    # and the hooks would clean and announce for the machine.
    cat >"$home/apt.conf" <<EOF
Dir::Etc::SourceList "$home/sources.list";
Dir::Etc::SourceParts "-";
Dir::State "$home/state";
Dir::Cache "$home/cache";
Acquire::Check-Valid-Until "false";
APT::Sandbox::User "";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
EOF
    apt_for "$suite" update -o APT::Update::Error-Mode=any ||
        fail "cannot read the package lists of $suite at $mirror"
    prepared+="$suite "
}

# Debian packs the scripts and fonts of a server's web pages apart.
page_parts() {
    apt-cache --config-file "$servers/apt/$1/apt.conf" depends --recurse --no-recommends --no-suggests \
        --no-conflicts --no-breaks --no-replaces --no-enhances "$2" |
        grep -E '^(libjs|fonts)-' || true
}

# Unpacked beside its place and renamed into it, so a directory of the server's name is whole.
bring_package() {
    local server="$1" package="$2" suite="$3"
    local place="$servers/$server"
    if ! [ -d "$place" ]; then
        prepare_apt "$suite"
        echo "bringing $server" >&2
        rm -rf "$place.new"
        mkdir "$place.new"
        # Word splitting is wanted: one argument a package.
        # shellcheck disable=SC2046
        (cd "$place.new" && apt_for "$suite" download "$package" $(page_parts "$suite" "$package")) ||
            fail "cannot get $package of $suite"
        for deb in "$place.new"/*.deb; do
            dpkg -x "$deb" "$place.new"
        done
        dpkg-deb --show --showformat "$server \${Version}\n" "$place.new/$package"_*.deb \
            >"$place.new/version"
        rm "$place.new"/*.deb
        "$place.new/usr/bin/$package" --version >/dev/null 2>&1 ||
            fail "$package of $suite does not run on this machine"
        mv "$place.new" "$place"
    fi
    cat "$place/version" # Debian's victoria-metrics does not know its own
}

[ $# -gt 0 ] || fail "name the servers to bring: aw-server prometheus victoria-metrics"
# shellcheck source=/dev/null
. /etc/os-release
: "${VERSION_CODENAME:?of a Debian release is needed to choose packages by}"
prepared=" "

exec 9>"$servers/lock"
flock 9 # a run beside this one would build in the same places

for server in "$@"; do
    case "$server" in
        aw-server) bring_aw_server ;;
        prometheus | victoria-metrics) bring_package "$server" "$server" "$VERSION_CODENAME" ;;
        prometheus@?* | promtool@?* | victoria-metrics@?*) bring_package "$server" "${server%@*}" "${server#*@}" ;;
        *) fail "unknown server: $server" ;;
    esac
done
