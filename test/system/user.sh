#!/bin/bash
# SPDX-License-Identifier: MIT
# Ordinary users: mounting with fusermount3, and looking and copying without a node of one's own.
. "$(dirname "$0")/lib.sh"
if ! command -v fusermount3 >/dev/null; then
	echo "1..0 # SKIP fusermount3 is not installed"
	exit 0
fi
if [ ! -e /etc/mtab ]; then # it fails without, having unmounted nothing
	echo "1..0 # SKIP fusermount3 needs /etc/mtab"
	exit 0
fi
hosts_up
# Here everybody may open it, as on any desktop; this mount namespace is the test's own.
mknod "$TOP/fuse" c 10 229 && chmod 666 "$TOP/fuse" && mount --bind "$TOP/fuse" /dev/fuse

src=$TOP/a/src
mkdir -p "$src/sub" && echo hello >"$src/file" && chown -R 65534:65534 "$src"
home=$TOP/b/home
mkdir -p "$home/p" "$home/q" "$home/run" && chown -R 65534:65534 "$home" && chmod 700 "$home/run"
as_user() { # on host b, without anything of root's
	on_host b setpriv --reuid 65534 --regid 65534 --clear-groups env -i PATH="$PATH" \
		HOME="$home" XDG_RUNTIME_DIR="$home/run" METAC_RUNTIME_DIR="$TOP/b/run" \
		ASAN_OPTIONS="${ASAN_OPTIONS:-}" "$@"
}
metac_u() { as_user "$TOP/bin/metac" "$@"; }
ref=$(metac_a fs export --persistent "local:$src")

# ---- without a mount
check "fs ls without a node" test "$(metac_u fs ls "$ref")" = $'file\nsub'
check "fs cp without a node" metac_u fs cp "$ref/file" "$home/copy"
check "the copy is the same" cmp "$src/file" "$home/copy"
check "file cat without a node" test "$(metac_u file cat "$ref/file")" = hello
fails_with "local: needs one" 1 'may be used by root only|no node' metac_u fs ls "local:$src"

# ---- mounted
check "fs mount as an ordinary user" metac_u fs mount "$ref" "$home/p"
check "it shows what is there" as_user cmp "$src/file" "$home/p/file"
check "it can be written" as_user sh -c "echo more >$home/p/sub/new"
check "which is seen on the other host" grep -q more "$src/sub/new"
check "the file belongs to the user there" test "$(stat -c %u "$src/sub/new")" = 65534
check "fs mounts lists it" grep -q "$home/p" <<<"$(metac_u fs mounts)"
check "without the secret" bash -c '! grep -qF "$1" <<<"$2"' _ "${ref##*/}" "$(metac_u fs mounts; cat "$home"/run/metac/*)"
not_on_a_command_line() {
	local p
	for p in $(ip netns pids "${NS}b"); do
		! grep -qaF "${ref##*/}" "/proc/$p/cmdline" || return 1
	done
}
check "nor is it on a command line" not_on_a_command_line
fails_with "mounting there again" 1 'mounted already' metac_u fs mount "$ref" "$home/p"
check "a directory in the reference, read-only" metac_u fs mount --read-only "$ref/sub" "$home/q"
fails_with "cannot be written" 2 'Read-only file system' as_user sh -c "echo x >$home/q/new"
as_user sh -c "exec sleep 1000 <$home/q/new" >/dev/null 2>&1 &
user() { ip netns pids ${NS}b | xargs -r ps -o pid=,comm= -p | awk '$2 == "sleep" { print $1 }'; }
wait_until 10 eval '[ "$(user)" ]'
fails_with "in use, it stays, and who uses it is named" 1 "q is in use by sleep .process $(user)," metac_u fs umount "$home/q"
kill "$(user)"
wait $! 2>/dev/null
check "fs umount" metac_u fs umount "$home/q"
check "its process ends" wait_until 10 bash -c "[ \$(ls $home/run/metac | wc -l) = 1 ]"

# ---- the exporter goes and comes back
goes_on() {
	as_user python3 - "$home/p" <<-'EOF' &
	import sys, time, os
	f = open(sys.argv[1] + '/long', 'w')
	for i in range(200):
	    f.write('%d\n' % i); f.flush(); os.fsync(f.fileno())
	    if i == 20: open(sys.argv[1] + '/begun', 'w').close()
	f.close()
	EOF
	local pid=$!
	wait_until 20 test -e "$src/begun" || return
	stop_node a KILL
	start_node a || return
	wait "$pid" || return
	cmp "$src/long" <(seq 0 199)
}
check "a program goes on when the exporter was killed and is back" goes_on
check "the mount is connected again" wait_until 20 grep -q '"state":"connected"' "$home"/run/metac/mount-*

# ---- taken back
metac_a ref rm "$ref" >/dev/null 2>&1
check "when the reference is removed, it is said so" wait_until 20 grep -q '"state":"revoked"' "$home"/run/metac/mount-*
check "and what is asked fails" bash -c "! cat $home/p/file" 2>/dev/null
check "fusermount3 -u unmounts it" as_user fusermount3 -u "$home/p"
check "nothing is left" wait_until 10 bash -c "[ -z \"\$(ls $home/run/metac)\" ]"
fails_with "what is mounted nowhere" 1 'you have mounted nothing there' metac_u fs umount "$home/p"
fails_with "a mount of one's own cannot be persistent" 1 '--persistent needs a node' \
	metac_u fs mount --persistent "$ref" "$home/p"
fails_with "nor be one of the kernel's client" 1 '--transport v9fs needs a node' \
	metac_u fs mount --transport v9fs "$ref" "$home/p"
fails_with "a reference that is void" 1 'no such reference' metac_u fs mount "$ref" "$home/p"
chmod 600 "$TOP/fuse"
ref=$(metac_a fs export "local:$src")
fails_with "a /dev/fuse one may not open" 1 '/dev/fuse.*may this user' metac_u fs mount "$ref" "$home/p"

done_testing
