#!/bin/bash
# SPDX-License-Identifier: MIT
# Ordinary programs on a directory mounted through our 9P server and our FUSE client, twice at the
# same time, each mount with a connection of its own.  TAP; TOOL is the program 9p-mount.
set -u
TOOL=${TOOL:?path of the program 9p-mount}
HERE=$(cd "$(dirname "$0")" && pwd)

if [ "${IN_OWN_NAMESPACE:-}" != yes ]; then
	if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null || [ ! -c /dev/fuse ]; then
		echo "1..0 # SKIP needs root, mount namespaces and /dev/fuse"
		exit 0
	fi
	# What is mounted below cannot outlive this.
	IN_OWN_NAMESPACE=yes exec unshare -m --propagation private "$0" "$@"
fi

TOP=$(mktemp -d /tmp/metac-mount-XXXXXX)
N=0
FAILED=0
mkdir "$TOP/tree" "$TOP/m1" "$TOP/m2" "$TOP/ref" "$TOP/outside"
chmod 755 "$TOP"
M1=$TOP/m1
M2=$TOP/m2

check() { # "text" command...
	local text=$1 out
	shift
	N=$((N + 1))
	if out=$(timeout 120 "$@" 2>&1 </dev/null); then
		echo "ok $N - $text"
	else
		echo "not ok $N - $text"
		echo "${out:0:4000}" | sed 's/^/# /'
		FAILED=1
	fi
}

mount_up() { # options of the tool
	coproc MOUNT { exec "$TOOL" "$@" 2>"$TOP/log"; }
	local line
	while read -r -t 30 line <&"${MOUNT[0]}"; do
		[ "$line" = ready ] && return 0
		case $line in *" server="*)
			SERVER=${line#* server=}
			SERVER=${SERVER%% *}
			;;
		esac
	done
	return 1
}

mount_down() {
	local pid=$MOUNT_PID input=${MOUNT[1]}
	exec {input}>&-
	wait "$pid"
}

cleanup() {
	cd /
	umount -f -l "$M1" "$M2" 2>/dev/null
	rm -rf "$TOP"
}
trap cleanup EXIT

posix() { check "$1" python3 "$HERE/mount-posix.py" "${@:2}"; }

mount_up "$TOP/tree" "$M1" "$M2" || echo "Bail out! cannot mount: $(cat "$TOP/log")"

# ---- single calls ----
posix "files: create, exclusive, truncate, append, holes" files "$M1"
posix "names: links, renames, long and odd bytes" names "$M1"
posix "attributes: modes, owners, times to the nanosecond" attributes "$M1"
posix "an unlinked file lives while it is open" unlinked "$M1"
posix "extended attributes" xattrs "$M1"
posix "special files and statfs" special "$M1"
posix "a large directory, with seeking" directory "$M1"
posix "mmap: shared, private, seen by read" mapping "$M1"
posix "large reads and writes at odd offsets" large "$M1"
posix "another user's files are his" users "$M1" "$TOP/tree"
posix "O_DIRECT and O_SYNC" direct "$M1"

# ---- two mounts ----
posix "record locks exclude each other between mounts" locks "$M1" "$M2"
posix "flock excludes between mounts, and lets go when the file is closed" flocks "$M1" "$M2"
posix "a lock that waits gets its turn; a signal ends the waiting" waiting "$M1" "$M2"
posix "what was written under a lock is seen under the next" coherent "$M1" "$M2"
posix "nor is anything missed by who has the lock several times in a row" turns "$M1" "$M2"
posix "what was closed is seen by who opens" close_open "$M1" "$M2"
posix "records appended from both sides are all there" append "$M1" "$M2"
posix "names made on one side are found on the other" names_across "$M1" "$M2"

# What the mount says of a directory after a change through it is what the directory is, and so after one
# that others make.
dir_attributes() {
	local d=parent/dir was="" now
	mkdir -p "$M1/parent/dir/sub" "$M1/parent/other"
	same() {
		now=$(stat -c '%A %h %u %s %y %z' "$TOP/tree/$1")
		[ "$(stat -c '%A %h %u %s %y %z' "$M1/$1")" = "$now" ] || { echo "$1 after $2: $now" && stat "$M1/$1" && exit 1; }
	}
	step() {
		"$@" || exit 1
		same "$d" "$*"
		same parent "$*"
	}
	for _ in 1 2 3; do
		step touch "$M1/$d/a" && step ln "$M1/$d/a" "$M1/$d/b" && step mkdir "$M1/$d/c"
		step chmod 700 "$M1/$d" && step ln -s x "$M1/$d/l" && step chown 12 "$M1/$d"
		step mv "$M1/$d/sub" "$M1/parent/other" && same parent/other/sub mv
		step touch "$M1/parent/other/sub/f" && step mv "$M1/parent/other/sub" "$M1/$d"
		same "$d/sub" mv && step mv -T "$M1/parent/other" "$M1/$d/c"
		step rm "$M1/$d/a" && step touch -d 2001-02-03 "$M1/$d" && step rm "$M1/$d/b" "$M1/$d/l"
		step setfattr -n user.x -v y "$M1/$d" && step rm "$M1/$d/sub/f" && step rmdir "$M1/$d/c"
		step mkdir "$M1/parent/other"
	done
	# There the change of somebody else has to be heard of first.
	for i in $(seq 100); do
		touch "$M1/$d/mine$i" && mkdir "$M2/$d/theirs$i" && chmod "70$((i % 8))" "$TOP/tree/$d"
		was=$(stat -c '%A %h' "$TOP/tree/$d")
		for _ in $(seq 200); do
			now=$(stat -c '%A %h' "$M1/$d")
			[ "$now" = "$was" ] && continue 2
			sleep 0.05
		done
		echo "$now is not $was"
		exit 1
	done
}
export -f dir_attributes
export TOP M1 M2
check "a directory's attributes after changes from both sides" bash -c dir_attributes

# ---- programs ----
git_work() {
	set -e
	export HOME=$TOP/outside GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=t GIT_COMMITTER_NAME=t \
		GIT_AUTHOR_EMAIL=t@example.org GIT_COMMITTER_EMAIL=t@example.org
	cd "$M1"
	git init -q repo
	cd repo
	for i in $(seq 100); do mkdir -p "d$((i % 7))" && seq "$i" $((i * 20)) >"d$((i % 7))/f$i"; done
	git add .
	git commit -qm one
	sed -i s/1/x/ d*/f*
	git commit -qam two
	git gc -q
	git fsck --full
	cd ..
	git clone -q repo clone
	git clone -q repo "$TOP/outside/clone"
	git clone -q "$M2/repo" "$M2/clone2"
	diff -r --exclude=.git repo clone2
	test -z "$(git -C clone status --porcelain)"
	git -C clone checkout -q HEAD^
	diff -r --exclude=.git clone "$TOP/outside/clone" >/dev/null && return 1
	git -C "$TOP/outside/clone" checkout -q HEAD^
	diff -r --exclude=.git clone "$TOP/outside/clone"
}
export -f git_work
export TOP M1 M2
check "git: init, add, commit, gc, fsck, clone in and out" bash -c git_work

sqlite_work() { # journal mode
	set -e
	cd "$M1"
	rm -f db db-*
	sqlite3 -bail db "pragma journal_mode=$1; create table t(a integer primary key, b text);" \
		"with recursive n(i) as (select 1 union all select i+1 from n where i<5000)
		 insert into t select i, hex(randomblob(50)) from n;"
	for i in 1 2 3; do
		(for _ in $(seq 30); do
			sqlite3 -bail -cmd ".timeout 20000" db "begin immediate; insert into t(b) values('$i'); commit;"
		done) &
		pids+=" $!"
	done
	for p in $pids; do wait "$p"; done
	test "$(sqlite3 db 'select count(*) from t; pragma integrity_check;' | tr '\n' ' ')" = "5090 ok "
}
export -f sqlite_work
check "sqlite: rollback journal, three writers" bash -c 'sqlite_work delete'
check "sqlite: write-ahead log, three writers" bash -c 'sqlite_work wal'
sqlite_two() {
	set -e
	rm -f "$M1"/two.db*
	sqlite3 "$M1/two.db" "create table t(a)"
	for m in "$M1" "$M2"; do
		(for _ in $(seq 40); do
			sqlite3 -bail -cmd ".timeout 60000" "$m/two.db" "begin immediate; insert into t values('$m'); commit;"
		done) &
		pids+=" $!"
	done
	for p in $pids; do wait "$p"; done
	test "$(sqlite3 "$M2/two.db" 'select count(*) from t; pragma integrity_check;' | tr '\n' ' ')" = "80 ok "
}
export -f sqlite_two
check "sqlite: writers on both mounts take turns" bash -c sqlite_two

tree_work() {
	set -e
	mkdir "$TOP/ref/src"
	cp -a /usr/include/linux "$TOP/ref/src/"
	ln -s linux/fs.h "$TOP/ref/src/link"
	ln "$TOP/ref/src/linux/fuse.h" "$TOP/ref/src/hard"
	mkfifo "$TOP/ref/src/pipe"
	rsync -aH "$TOP/ref/src/" "$M1/copy/"
	test -z "$(rsync -aHcni --delete "$TOP/ref/src/" "$M1/copy/")"
	test -z "$(rsync -aHcni --delete "$M2/copy/" "$TOP/ref/src/")"
	tar -C "$M1" -cf "$TOP/outside/t.tar" copy
	mkdir "$M2/untar"
	tar -C "$M2/untar" -xf "$TOP/outside/t.tar"
	test -z "$(rsync -aHcni --delete "$TOP/ref/src/" "$M2/untar/copy/")"
	find "$M1/copy" -type f | wc -l | grep -qx "$(find "$TOP/ref/src" -type f | wc -l)"
	rm -r "$M1/copy" "$M2/untar"
	test ! -e "$TOP/tree/copy"
}
export -f tree_work
check "rsync and tar: a tree goes in and comes out the same" bash -c tree_work

compile() {
	set -e
	cd "$M1"
	mkdir -p build
	cd build
	for i in $(seq 10); do
		printf '#include <stdio.h>\nint f%d(void);\nint f%d(void) { return printf("%d ") > 0; }\n' \
			"$i" "$i" "$i" >"f$i.c"
		echo "f$i();"
	done >calls
	{ for i in $(seq 10); do echo "int f$i(void);"; done; echo "int main(void) {"; cat calls; echo "return 0; }"; } >main.c
	for f in ./*.c; do echo "${f%.c}.o: $f; gcc -c -O1 -o ${f%.c}.o $f"; done >Makefile
	{ echo "prog: $(echo ./*.c | sed 's/\.c/.o/g'); gcc -o prog ./*.o"; cat Makefile; } >Makefile2
	make -s -j4 -f Makefile2 prog
	./prog | grep -qx "1 2 3 4 5 6 7 8 9 10 "
	strip prog
	"$M2/build/prog" | grep -q "10"
}
export -f compile
check "make -j and gcc; the program runs from the other mount" bash -c compile

check "fio: random writes with mmap and pread verify" fio --name=v --directory="$M1" --size=8m \
	--rw=randwrite --bs=4k --verify=crc32c --do_verify=1 --ioengine=mmap --verify_state_save=0 --minimal
check "fio: asynchronous, several files, verify" fio --name=v2 --directory="$M1" --size=8m --nrfiles=4 \
	--rw=randrw --bs=16k --verify=crc32c --ioengine=libaio --iodepth=16 --direct=1 --verify_state_save=0 --minimal

quota() {
	set -e
	mkdir "$TOP/small" "$TOP/m3"
	mount -t tmpfs -o size=1m none "$TOP/small"
	mount_up "$TOP/small" "$TOP/m3"
	dd if=/dev/zero of="$TOP/m3/f" bs=64k count=64 2>&1 | grep -q "No space left on device"
	rm "$TOP/m3/f"
	echo fine >"$TOP/m3/f"
	mount_down
	umount "$TOP/small"
}
export -f quota mount_up mount_down
export TOOL
check "a full disk is said to be full" bash -c quota

# ---- taking away ----
ro() {
	set -e
	mkdir -p "$TOP/m4"
	mount_up --read-only "$TOP/tree" "$TOP/m4"
	test -d "$TOP/m4/repo"
	cat "$TOP/m4/repo/.git/HEAD"
	if touch "$TOP/m4/x" 2>"$TOP/err"; then return 1; fi
	grep -q "Read-only" "$TOP/err"
	mount_down
}
export -f ro
check "a read-only mount" bash -c ro

dead_server() {
	set -e
	mkdir -p "$TOP/m5"
	mount_up --tcp "$TOP/tree" "$TOP/m5"
	exec 7<"$TOP/m5/repo/.git/HEAD" 8>"$TOP/m5/being-written"
	cat "$TOP/m5/repo/.git/HEAD" >/dev/null
	kill -KILL "$SERVER"
	read -r -t 10 line <&"${MOUNT[0]}"
	test "$line" = "lost $TOP/m5"
	if cat "$TOP/m5/repo/.git/config" 2>"$TOP/err"; then return 1; fi
	grep -q "Input/output error" "$TOP/err"
	if ls "$TOP/m5/" 2>"$TOP/err"; then return 1; fi
	grep -q "Input/output error" "$TOP/err"
	if echo x >&8; then return 1; fi
	if cat <&7 2>"$TOP/err"; then return 1; fi # cached before
	grep -q "Input/output error" "$TOP/err"
	if stat "$TOP/m5/other" 2>"$TOP/err"; then return 1; fi
	grep -q "Input/output error" "$TOP/err"
	exec 7<&- 8>&-
	mount_down
	! grep -q "$TOP/m5" /proc/self/mountinfo
}
export -f dead_server
check "a dead server: everything answers EIO, unmounting works" bash -c dead_server

exec 9<"$M2/repo/.git/HEAD"
mount_down
status=$?
exec 9<&-
N=$((N + 1))
if [ $status = 0 ] && ! grep -q "$TOP/m[12]" /proc/self/mountinfo; then
	echo "ok $N - unmounting leaves nothing, also with a file still open"
else
	echo "not ok $N - unmounting leaves nothing, also with a file still open"
	sed 's/^/# /' "$TOP/log"
	grep "$TOP" /proc/self/mountinfo | sed 's/^/# /'
	FAILED=1
fi
echo "1..$N"
exit $FAILED
