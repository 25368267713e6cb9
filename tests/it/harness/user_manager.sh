# Runs a command as an unprivileged user who has a systemd manager, as someone has who is logged in.
#
# usage: unshare --mount bash user_manager.sh HOME COMMAND [ARGUMENT...]
#
# The mounts are those of this process alone. The user's home, and all that is in it, becomes the user's.
set -euo pipefail
home=$1
shift
user=(setpriv --reuid=1234 --regid=1234 --clear-groups)
export HOME=$home XDG_RUNTIME_DIR=$home/run
export XDG_CONFIG_HOME=$home/config XDG_CACHE_HOME=$home/cache XDG_DATA_HOME=$home/data

# systemd asks whether it runs the system too.
mount -t tmpfs none /run
mkdir -p /run/systemd/system
mount -t cgroup2 none /sys/fs/cgroup
group=/sys/fs/cgroup/aw-sync-agent-test-$$
mkdir -p "$group/manager"

end() {
    kill "$manager" 2>/dev/null || true
    wait "$manager" || true
    find "$group" -name cgroup.procs -exec cat {} + | xargs --no-run-if-empty kill -s KILL
    for _ in {1..50}; do
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && break
        sleep 0.1
    done
}
trap end EXIT

chown -R 1234:1234 "$home" "$group"
"${user[@]}" mkdir -m 700 "$XDG_RUNTIME_DIR"
(
    echo "$BASHPID" >"$group/manager/cgroup.procs"
    exec "${user[@]}" /lib/systemd/systemd --user
) &
manager=$!
until "${user[@]}" systemctl --user show --property=Version >/dev/null 2>&1; do
    kill -0 "$manager"
    sleep 0.1
done
"${user[@]}" "$@"
