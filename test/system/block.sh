#!/bin/bash
# SPDX-License-Identifier: MIT
# Block devices as one types them: references to them, what they tell, and serving them to programs that speak NBD,
# which are other people's: qemu-img, qemu-io, nbdinfo, nbdcopy, fio.
. "$(dirname "$0")/lib.sh"
for tool in qemu-img qemu-io nbdinfo nbdcopy; do
	command -v $tool >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done
hosts_up
cd "$TOP" || exit 1 # what is relative is relative to this

src=$TOP/a/src
mkdir -p "$src/sub" && seq 1 3000000 | head -c 16M >"$src/disk"
cp "$src/disk" "$src/sub/disk" && cp "$src/disk" "$TOP/original"
truncate -s 64M "$src/empty"
field() { # field NAME: of the JSON object or array of one on standard input
	python3 -c 'import json, sys; j = json.load(sys.stdin); j = j[0] if isinstance(j, list) else j; print(j[sys.argv[1]])' "$1"
}

# ---- references
disk=$(metac_a block export "local:$src/disk")
check "block export prints a reference" grep -q '^ref://' <<<"$disk"
size_of() { metac_b block info --json "$@" | field size; }
check "block info tells the size" test "$(size_of "$disk")" = $((16 << 20))
check "and what else there is" test "$(metac_b block info --json "$disk" | field format)" = raw
check "it is no table of secrets" bash -c '! grep -qF "$1" <<<"$2"' _ "${disk##*/}" "$(metac_b block info "$disk")"
file=$(metac_a file export "local:$src/disk")
tree=$(metac_a fs export "local:$src")
check "a reference to a file does as well" test "$(size_of "$file")" = $((16 << 20))
check "so does a path in one to a directory" test "$(size_of "$tree/sub/disk")" = $((16 << 20))
check "and local:" test "$(metac_a block info --json "local:$src/disk" | field size)" = $((16 << 20))
fails_with "a directory is none" 1 'this is a directory, not a (file|block device)' metac_b block info "$tree"
fails_with "a block device is no file" 1 'this is a block device, not a file' metac_b file cat "$disk"
fails_with "nor a directory" 1 'this is a block device, not a directory' metac_b fs ls "$disk"
missing=$(metac_a block export "local:$src/later")
check "what is exported need not be there" grep -q '^ref://' <<<"$missing"
fails_with "but to be asked" 1 'No such file' metac_b block info "$missing"
truncate -s 1M "$src/later"
check "until it is" test "$(size_of "$missing")" = $((1 << 20))
ro=$(metac_a block export --readonly "local:$src/disk")
check "a read-only one says so" test "$(metac_b block info --json "$ro" | field readOnly)" = True
check "--read-only is the same as --readonly" test "$(metac_b block info --read-only --json "$disk" | field readOnly)" = True
fails_with "a format that nobody knows" 1 'format' metac_a block export --format floppy "local:$src/disk"
fails_with "the format of a device is settled" 1 'block export. here: this is a block device' \
	metac_b block info --format qcow2 "$disk"

# ---- served
serve_b() { # serve_b NAME [ARGUMENTS]: until SERVER is killed; what it prints goes to $TOP/NAME.out and .err
	local name=$1
	shift
	nsenter --net=/run/netns/${NS}b env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B "$BUILD/metac" block serve "$@" \
		>"$TOP/$name.out" 2>"$TOP/$name.err" &
	SERVER=$!
}
ready() { wait_until 30 test -s "$TOP/$1.out"; }
ends() { # ends PID STATUS
	wait "$1"
	[ $? = "$2" ]
}
sock=$TOP/sock
uri="nbd+unix:///?socket=$sock"
serve_b one "$disk" --unix sock
check "block serve gets ready" ready one
check "it prints the URI" test "$(cat "$TOP/one.out")" = "$uri"
check "the socket is for its user alone" test "$(stat -c %a "$sock")" = 600
not_on_a_command_line() {
	local p
	for p in $(ip netns pids "${NS}b"); do
		! grep -qaF "${disk##*/}" "/proc/$p/cmdline" || return 1
	done
}
check "the secret is on no command line" not_on_a_command_line
check "nbdinfo knows its size" test "$(nbdinfo --size "$uri")" = $((16 << 20))
check "and that it takes writes" bash -c 'nbdinfo --can write "$0" || ! nbdinfo --is read-only "$0"' "$uri"
check "several connections are fine" nbdinfo --can multi-conn "$uri"
check "qemu-img knows it" qemu-img info "$uri"
check "nbdcopy reads it" nbdcopy "$uri" "$TOP/copy"
check "as it is" cmp "$src/disk" "$TOP/copy"
check "qemu-img compares it" qemu-img compare -f raw -F raw "$TOP/copy" "$uri"
check "qemu-io writes" qemu-io -f raw -c 'write -P 7 1M 64k' -c 'write -z 2M 64k' -c 'flush' "$uri"
check "which is in the file" cmp <(head -c 64k /dev/zero | tr '\0' '\7') <(tail -c +$(((1 << 20) + 1)) "$src/disk" | head -c 64k)
check "and reads it again" qemu-io -f raw -c 'read -P 7 1M 64k' -c 'read -P 0 2M 64k' "$uri"
check "past the end is refused" bash -c 'qemu-io -f raw -c "read 16M 64k" "$0" 2>&1 | grep -qi "error\|invalid\|outside"' "$uri"
fails_with "somebody listens there" 1 'somebody listens there already' metac_b block serve "$disk" --unix "$sock"
check "that has not hurt" nbdinfo --size "$uri"
kill -TERM $SERVER
check "interrupted, it ends well" ends $SERVER 0
check "the socket is gone" test ! -e "$sock"
check "nothing was said" test ! -s "$TOP/one.err"

serve_b two "$tree/sub/disk" --unix "$sock" --readonly --json
check "--json prints an object" ready two
check "with the URI" test "$(field uri <"$TOP/two.out")" = "$uri"
check "that it is read-only" test "$(field readOnly <"$TOP/two.out")" = True
check "programs are told" nbdinfo --is read-only "$uri"
check "who writes all the same fails" bash -c '! qemu-io -f raw -c "write 0 4k" "$0"' "$uri"
kill -KILL $SERVER
wait $SERVER 2>/dev/null
check "killed, it leaves its socket" test -S "$sock"
serve_b three "$disk" --unix "$sock"
check "which the next one replaces" ready three
kill -INT $SERVER
check "Ctrl-C ends it" ends $SERVER 0

serve_b four "$disk" --unix "$sock"
check "once more" ready four
kill -KILL "$(pgrep -P $SERVER)"
check "without its worker it fails" ends $SERVER 1
check "and says so" grep -q "the NBD worker has ended" "$TOP/four.err"
check "it leaves no socket" test ! -e "$sock"

fails_with "it has to be said where" 2 'where\? --unix' metac_b block serve "$disk"
fails_with "in one place" 2 'either --unix or --tcp' metac_b block serve "$disk" --unix "$sock" --tcp 127.0.0.1:0
fails_with "which is one" 1 "--tcp: .nowhere' is not HOST:PORT" metac_b block serve "$disk" --tcp nowhere
fails_with "and not too long a path" 1 'the path of a socket has at most 107 characters' \
	metac_b block serve "$disk" --unix "/$(printf 'x%.0s' $(seq 120))"
fails_with "nor a file that is no socket" 1 'is there already, and is no socket' metac_b block serve "$disk" --unix "$src/disk"
fails_with "nor in a directory that is not there" 1 'No such file' metac_b block serve "$disk" --unix "$TOP/none/sock"
fails_with "not for the whole network" 1 'whoever reaches it has the disk' metac_b block serve "$disk" --tcp 0.0.0.0:0
serve_b tcp "$disk" --tcp 127.0.0.1:0
check "TCP, of this host" ready tcp
check "which works" on_host b nbdinfo --size "$(cat "$TOP/tcp.out")"
kill -TERM $SERVER
wait $SERVER
serve_b exposed "$disk" --tcp "[$B]:0" --expose
check "and of another, if that is meant" ready exposed
check "who gets it" on_host a nbdinfo --size "$(cat "$TOP/exposed.out")"
kill -TERM $SERVER
wait $SERVER

# ---- with a command
check "a command, with the URI in its words" test "$(metac_b block serve "$disk" -- nbdinfo --size {})" = $((16 << 20))
check "and in its environment" test "$(metac_b block serve "$disk" -- sh -c 'test -S "$unixsocket" && nbdinfo --size "$uri"')" = $((16 << 20))
metac_b block serve "$disk" -- sh -c 'exit 7'
check "its exit status" test $? = 7
check "no socket stays" bash -c '! ls -d /tmp/metac-serve-* 2>/dev/null | grep -q .'
wait_for_term() { # told to end while a command runs, it ends that
	serve_b term "$disk" -- sh -c 'trap "exit 9" TERM; echo "$uri" >"$0/begun-term"; while :; do sleep 0.05; done' "$TOP"
	wait_until 30 test -s "$TOP/begun-term" || return
	kill -TERM $SERVER
	ends $SERVER 9
}
wait_for_term
ok $? "told to end, it tells the command, and has its exit status"
fails_with "a command that is not there" 1 'no-such-command: No such file' metac_b block serve "$disk" -- no-such-command
if command -v fio >/dev/null; then
	empty=$(metac_a file export "local:$src/empty")
	fio_verify() {
		metac_b block serve "$empty" -- fio --name=t --ioengine=nbd --uri={} --rw=randwrite --bs=4k --size=4M --iodepth=16 \
			--verify=crc32c --do_verify=1 --fsync=64
	}
	check "fio writes and verifies" fio_verify
fi

# ---- in the background
fork_b() { metac_b block serve "$disk" --fork --json --unix "$sock" >"$sock.json"; }
check "--fork returns when it is ready" fork_b
check "then it is" nbdinfo --size "$uri"
forked=$(field pid <"$sock.json")
check "its process is told" kill -0 "$forked"
fails_with "another one cannot begin" 1 'somebody listens there' metac_b block serve "$disk" --fork --unix "$sock"
kill -TERM "$forked"
check "it ends with that" wait_until 30 test ! -e "$sock"
fails_with "--fork goes with no command" 2 'either --fork or a command' metac_b block serve "$disk" --fork -- true

# ---- images that are not raw
if command -v qemu-storage-daemon >/dev/null && ! zgrep -q '^# CONFIG_SECURITY_LANDLOCK is not set' /proc/config.gz 2>/dev/null; then
	qemu-img create -q -f qcow2 "$src/image.qcow2" 32M
	qemu-io -f qcow2 -c 'write -P 5 1M 64k' "$src/image.qcow2" >/dev/null
	image=$(metac_a file export "local:$src/image.qcow2")
	check "--format opens a file as an image" test "$(metac_b block info --format qcow2 --json "$image" | field size)" = $((32 << 20))
	image_io() { metac_b block serve --format qcow2 "$image" -- qemu-io -f raw -c "$1" -c flush {}; }
	check "its content is served" image_io 'read -P 5 1M 64k'
	check "and written" image_io 'write -P 6 2M 64k'
	check "to the image, once nobody has it" wait_until 30 qemu-io -r -f qcow2 -c 'read -P 6 2M 64k' -c 'read -P 5 1M 64k' "$src/image.qcow2"
	check "which stays a good one" qemu-img check -q "$src/image.qcow2"
	qcow2=$(metac_a block export --readonly --format qcow2 "local:$src/image.qcow2")
	check "an export can settle the format" test "$(metac_b block info --json "$qcow2" | field format)" = qcow2
fi

# ---- an ordinary user, without anything of root's
home=$TOP/b/home
mkdir -p "$home/run" && chown -R 65534:65534 "$home" && chmod 700 "$home/run"
as_user() {
	on_host b setpriv --reuid 65534 --regid 65534 --clear-groups env -i PATH="$PATH" \
		HOME="$home" XDG_RUNTIME_DIR="$home/run" METAC_RUNTIME_DIR="$TOP/b/run" \
		ASAN_OPTIONS="${ASAN_OPTIONS:-}" "$@"
}
check "block info without a node" as_user "$TOP/bin/metac" block info "$disk"
check "block serve without a node" test "$(as_user "$TOP/bin/metac" block serve "$disk" -- nbdinfo --size {})" = $((16 << 20))
check "its socket was in the user's own directory" bash -c '! ls -A "$0" | grep -q .' "$home/run"

# ---- the exporter goes and comes back
writes_on() { # writes_on URI: what is written there while host A is killed is all in $src/grown
	local pid i
	rm -f "$TOP/begun"
	# A little at a time, so that there is something left to write.
	python3 - "$1" "$TOP/begun" <<-'EOP' &
	import subprocess, sys, time
	p = subprocess.Popen(['qemu-io', '-f', 'raw', sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
	for i in range(64):
	    p.stdin.write(b'write -P %d %dM 1M\n' % (i + 1, i))
	    p.stdin.flush()
	    if i == 20: open(sys.argv[2], 'w').close()
	    time.sleep(0.02)
	out = p.communicate(b'flush\n')[0].decode()
	sys.exit(p.returncode or out.count('wrote') != 64)
	EOP
	pid=$!
	wait_until 20 test -e "$TOP/begun" || return
	stop_node a KILL
	start_node a || return
	wait "$pid" || return
	for i in $(seq 64); do
		printf '%1048576s' | tr ' ' "\\$(printf %03o "$i")"
	done | cmp - "$src/grown"
}
truncate -s 64M "$src/grown"
grown=$(metac_a block export --persistent "local:$src/grown")
as_user "$TOP/bin/metac" block serve "$grown" --fork --json --unix "$home/sock" >"$TOP/user.json"
writes_on "nbd+unix:///?socket=$home/sock"
ok $? "for an ordinary user, a program writes on when the exporter was killed and is back"
kill -TERM "$(field pid <"$TOP/user.json")"
truncate -s 0 "$src/grown" && truncate -s 64M "$src/grown"
serve_b ride "$grown" --unix "$sock"
check "another is ready" ready ride
writes_on "$uri"
ok $? "a program writes on when the exporter was killed and is back"
wider() { [ "$(nbdinfo --size "$uri")" = $((96 << 20)) ]; }
truncate -s 96M "$src/grown"
check "a file that has grown is seen to have" wait_until 20 wider

# ---- taken back
grown_ref=$(metac_a ref ls --json | python3 -c 'import json, sys
print(next(r["id"] for r in json.load(sys.stdin) if "grown" in json.dumps(r)))')
check "the reference is removed" metac_a ref rm "$grown_ref"
check "it says so and fails" ends $SERVER 1
check "in one line" bash -c '[ "$(wc -l <"$0")" = 1 ] && grep -q "no such reference" "$0"' "$TOP/ride.err"
check "the socket is gone too" test ! -e "$sock"
fails_with "a reference that is void" 1 'no such reference' metac_b block info "$disk"

# ---- systemd's ways
# The first ones were for as long as that node ran.
disk=$(metac_a block export "local:$src/disk")
tree=$(metac_a fs export "local:$src")
notified() {
	on_host b env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B python3 - "$BUILD/metac" "$disk" <<-'EOP'
	import os, socket, subprocess, sys, tempfile
	d = tempfile.mkdtemp()
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(d + '/notify'); s.settimeout(30)
	l = socket.socket(socket.AF_UNIX); l.bind(d + '/listen'); l.listen(5)
	env = dict(os.environ, NOTIFY_SOCKET=d + '/notify', LISTEN_FDS='1')
	code = 'import os, sys; os.environ["LISTEN_PID"] = str(os.getpid()); os.execv(sys.argv[1], sys.argv[1:])'
	def pass_fd(): os.dup2(l.fileno(), 3)
	p = subprocess.Popen([sys.executable, '-c', code, sys.argv[1], 'block', 'serve', sys.argv[2]], env=env,
	                     preexec_fn=pass_fd, close_fds=True, pass_fds=(3,), stdout=subprocess.PIPE)
	assert b'READY=1' in s.recv(4096)
	uri = p.stdout.readline().decode().strip()
	assert uri == 'nbd+unix:///?socket=' + d + '/listen', uri
	assert subprocess.run(['nbdinfo', '--size', uri]).returncode == 0
	p.terminate()
	assert p.wait() == 0
	os.unlink(d + '/notify'); os.unlink(d + '/listen'); os.rmdir(d)
	EOP
}
check "a socket unit's socket, and READY=1" notified

# ---- attached
check "nothing is attached" test "$(metac_b block ls --json)" = '[]'
fails_with "what is not attached" 1 'nothing-here is not attached .see .metac block ls' metac_b block detach nothing-here
fails_with "an ordinary user attaches nothing" 1 'root only|no node' as_user "$TOP/bin/metac" block attach "$disk"
if [ -e /dev/loop-control ]; then
	name=test-$$
	device=$(metac_b block attach --transport loop --name "$name" "$tree/sub/disk")
	check "block attach prints the device" test -b "$device"
	row() { metac_b block ls --json | field "$1"; }
	check "block ls has it" test "$(row device) $(row name) $(row state) $(row transport)" = "$device $name connected loop"
	check "its size" test "$(row size)" = $((16 << 20))
	check "and where it comes from, without the secret" grep -q 'ref:.*\.\.\./sub/disk' <<<"$(row source)"
	check "the link is named after it" test "$(readlink -f "/dev/metac/$name")" = "$device"
	check "it is what the file is" cmp "$device" "$src/sub/disk"
	check "info tells of the connection" test "$(metac_b block info --json "$tree/sub/disk" | field connections)" -ge 1
	exec 8<"$device"
	fails_with "in use, it stays, and who uses it is named" 1 "is in use by .*[(]process $$, has it open[)].*; see --force" \
		metac_b block detach "$device"
	exec 8<&-
	check "by its link it is detached" metac_b block detach "/dev/metac/$name"
	check "and gone" test ! -e "/dev/metac/$name"
	metac_b block attach --transport loop --name "$name" --readonly --json "$disk" >"$TOP/attached.json"
	check "block attach --json prints an object" test "$(field name <"$TOP/attached.json") $(field size <"$TOP/attached.json")" = \
		"$name $((16 << 20))"
	check "with the device" test -b "$(field device <"$TOP/attached.json")"
	check "that it is read-only" test "$(field readOnly <"$TOP/attached.json") $(field transport <"$TOP/attached.json")" = "True loop"
	check "as block ls has it" test "$(row device) $(row readOnly)" = "$(field device <"$TOP/attached.json") True"
	fails_with "two with one name are not possible" 1 'attached under that name already' metac_b block attach --transport loop --name "$name" "$disk"
	check "several are one list" test "$(metac_b block attach --transport loop --name "$name-2" "$disk" >/dev/null &&
		metac_b block ls --json | python3 -c 'import json, sys; print(*sorted(r["name"] for r in json.load(sys.stdin)))')" = "$name $name-2"
	check "of two one is detached" metac_b block detach "$name-2"
	check "by its name it is detached, forced" metac_b block detach --force "$name"
	check "nothing is left" test "$(metac_b block ls --json)" = '[]'
fi
fails_with "no such transport" 2 'is not nbd or loop' metac_b block attach --transport floppy "$disk"
fails_with "nothing is there to attach" 1 'No such file' metac_b block attach --transport loop "$(metac_a block export "local:$src/nothing")"
fails_with "nor is a directory" 1 'this is a directory' metac_b block attach "$tree"
fails_with "a reference that is none" 1 'malformed reference' metac_b block attach ref://nonsense
fails_with "nor for info" 1 'malformed reference' metac_b block info ref://nonsense
fails_with "nor to be served" 1 'malformed reference' metac_b block serve ref://nonsense --unix "$sock"
fails_with "nor copied" 1 'malformed reference' metac_b block cp ref://nonsense "$TOP/copied"
metac_b block info --json "$disk" "$tree/sub/disk" >"$TOP/two.json" 2>/dev/null &&
	check "info of two is a list of two" test "$(python3 -c 'import json, sys; print(len(json.load(sys.stdin)))' <"$TOP/two.json")" = 2
fails_with "a name that is none" 2 'is not 1 to 64 letters' metac_b block attach --name ../x "$disk"

check "no process stays on host b but its node's" bash -c '! ip netns pids "$0" | xargs -r ps -o args= -p | grep -v "^metacd\|ps -o\|/metacd " | grep -q .' "${NS}b"
done_testing
