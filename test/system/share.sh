#!/bin/bash
# SPDX-License-Identifier: MIT
# The first page of the manual, typed: share a directory between two hosts, use it with ordinary
# programs, take it back.
. "$(dirname "$0")/lib.sh"
hosts_up

src=$TOP/a/photos
mkdir -p "$src/sub/deeper" && chmod 755 "$src"
cp -r /usr/share/doc/bash "$src/doc" 2>/dev/null || cp -r /usr/share/common-licenses "$src/doc"
for i in $(seq 200); do echo "$i" >"$src/sub/f$i"; done
head -c 3000000 /dev/urandom >"$src/big"
ln -s sub/f1 "$src/link"
mnt=$TOP/b/mnt
as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups env METAC_RUNTIME_DIR="$TOP/b/run" \
		METAC_ADDRESS=$B "$TOP/bin/metac" "$@"
}

ref=$(metac_a fs export "local:$src")
check "fs export prints a reference" grep -Eq '^ref://\[fd00:6d65:7461::1\]/[A-Za-z0-9_-]{40,}$' <<<"$ref"
check "fs mount mounts it on the other host" metac_b fs mount "$ref" "$mnt"
check "the trees are the same" diff -r --no-dereference "$src" "$mnt"
check "a large file is the same" cmp "$src/big" "$mnt/big"
check "fs mounts lists it" grep -q "$mnt" <<<"$(metac_b fs mounts)"
check "fs mounts --json is JSON" python3 -c 'import json,sys; d=json.loads(sys.argv[1]); assert sys.argv[2] in json.dumps(d)' \
	"$(metac_b fs mounts --json)" "$mnt"
check "no secret in listings" bash -c '! grep -qF "$1" <<<"$2"' _ "${ref##*/}" \
	"$(metac_a ref ls; metac_a obj ls; metac_b obj ls; metac_b fs mounts)"

# ordinary programs
check "files are written through" bash -c "echo hello >$mnt/new && grep -q hello $src/new"
replaced_under_readers() { # no reader sees an error or a mixture
	python3 - "$src" "$mnt" <<-'EOF'
	import os, sys
	src, mnt = sys.argv[1:]
	def write(c):
	    with open(src + '/new-version', 'w') as f: f.write(c * 1000)
	    os.rename(src + '/new-version', src + '/version')
	write('0')
	child = os.fork()
	if not child:
	    for i in range(2000): write(str(i % 10))
	    os._exit(0)
	n = 0
	while n < 20 or os.waitpid(child, os.WNOHANG)[0] == 0:
	    content = open(mnt + '/version').read()
	    assert len(content) == 1000 and len(set(content)) == 1, content
	    n += 1
	os.unlink(src + '/version')
	EOF
}
check "a file replaced over and over can be opened at any time" replaced_under_readers
check "rename, mkdir, unlink" bash -c "cd $mnt && mkdir d && mv new d/renamed && test -f $src/d/renamed && rm -r d && ! test -e $src/d"
check "git init, commit, clone" bash -c "
	export HOME=$TOP GIT_CONFIG_NOSYSTEM=1
	git init -q $mnt/repo && cd $mnt/repo && cp -r ../doc . && git add . &&
	git -c user.name=x -c user.email=x@x commit -q -m one && git fsck --strict &&
	git clone -q $mnt/repo $TOP/clone && diff -r --exclude=.git $mnt/repo $TOP/clone"
check "sqlite3" bash -c "
	sqlite3 $mnt/db 'create table t(a); insert into t values (42);' &&
	test \$(sqlite3 $src/db 'select a from t') = 42 && test \$(sqlite3 $mnt/db 'pragma integrity_check') = ok"
check "rsync there and back" bash -c "rsync -a $mnt/doc/ $TOP/copy/ && diff -r $src/doc $TOP/copy && rsync -a $TOP/copy/ $mnt/copy/ && diff -r $src/doc $src/copy"
check "tar in and out" bash -c "tar -C $mnt -cf $TOP/t.tar sub && mkdir $mnt/untar && tar -C $mnt/untar -xf $TOP/t.tar && diff -r $src/sub $src/untar/sub"
check "the compiler" bash -c "printf 'int main(void){return 7;}' >$mnt/m.c && cc -o $mnt/m $mnt/m.c && { $mnt/m; test \$? = 7; }"

# looking without mounting
check "fs ls" bash -c 'grep -qx sub <<<"$1" && grep -qx big <<<"$1"' _ "$(metac_b fs ls "$ref")"
check "fs ls of a subdirectory" bash -c 'grep -qx f77 <<<"$1"' _ "$(metac_b fs ls "$ref" sub)"
check "a reference on standard input" bash -c 'grep -qx sub <<<"$1"' _ "$(metac_b fs ls - <<<"$ref")"

# re-export, attenuation
again=$(metac_b fs export "$ref")
check "a reference re-exported lives where the directory lives" grep -q "^ref://\[$A\]/" <<<"$again"
mkdir -p "$TOP/b/m2" "$TOP/b/m3" "$TOP/b/m4"
ro=$(metac_a fs export "local:ro,$src")
check "a read-only export mounts" metac_b fs mount "$ro" "$TOP/b/m2"
check "it cannot be written" bash -c "! echo x >$TOP/b/m2/nope && ! rm -f $TOP/b/m2/big && ! touch $TOP/b/m2/big && cmp $src/big $TOP/b/m2/big"
mkdir "$src/private" && echo secret >"$src/private/x" && chmod 700 "$src/private"
limited=$(metac_a fs export "local:uid=65534,gid=65534,$src")
check "an export limited to a user mounts" metac_b fs mount "$limited" "$TOP/b/m3"
check "it has that user's rights, whoever asks" bash -c "! cat $TOP/b/m3/private/x && ! touch $TOP/b/m3/sub/x && cat $TOP/b/m3/sub/f3"
check "a local mount is like a bind mount" metac_a fs mount "local:$src/sub" "$TOP/a/mnt"
check "and shows the same" diff -r "$src/sub" "$TOP/a/mnt"

# errors
fails_with "mounting where something is mounted" 1 'mount' metac_b fs mount "$ref" "$mnt"
mkdir -p "$TOP/b/full" && touch "$TOP/b/full/x"
fails_with "mounting on a directory that is not empty" 1 'not empty' metac_b fs mount "$ref" "$TOP/b/full"
fails_with "mounting on nothing" 1 'No such file' metac_b fs mount "$ref" "$TOP/b/nowhere"
fails_with "mounting on a file" 1 'Not a directory' metac_b fs mount "$ref" "$TOP/b/full/x"
fails_with "exporting a path that is missing" 1 'No such file' metac_a fs export "local:$src/nowhere"
fails_with "exporting through .." 1 '\.\.' metac_a fs export "local:$src/../photos"
ln -s /etc "$src/etc"
fails_with "exporting through a symbolic link" 1 'symbolic link' metac_a fs export "local:$src/etc"
fails_with "a malformed reference" 1 'malformed reference' metac_b fs mount "ref://[$A]/AAAA" "$TOP/b/m4"
fails_with "an unknown reference" 1 'no such reference' metac_b fs mount "${ref%??????}AAAAAA" "$TOP/b/m4"
fails_with "a node that is not there" 1 'fd00:6d65:7461::9' metac_b fs mount --connect-timeout 2 "ref://[fd00:6d65:7461::9]/${ref##*/}" "$TOP/b/m4"
fails_with "a verb that is not there" 2 'nonsense' metac_b fs nonsense
fails_with "an ordinary user" 1 "(root|ermission)" as_nobody obj ls

# taking back
check "umount" metac_a fs umount "$TOP/a/mnt"
check "is really gone" bash -c "! grep -q ' $TOP/a/mnt ' /proc/self/mountinfo"
exec 5<"$mnt/big"
check "ref rm" metac_a ref rm "$ref"
check "the mount answers EIO within a second" wait_until 2 bash -c "cat $mnt/sub/f5 2>&1 | grep -q 'Input/output error'"
check "open files too" bash -c "! head -c 4096 <&5 >/dev/null"
exec 5<&-
fails_with "the reference is dead" 1 'no such reference' metac_b fs ls "$ref"
fails_with "and so is what was made from it" 1 'no such reference' metac_b fs ls "$again"
fails_with "revoking twice" 1 'no such reference' metac_a ref rm "$ref"
check "other references still work" cmp "$src/big" "$TOP/b/m2/big"
check "the dead mount can be unmounted" metac_b fs umount "$mnt"
stop_node b
ok $? "SIGTERM ends node b cleanly"
check "its mounts are gone" bash -c "! grep -q ' $TOP/b/' /proc/self/mountinfo"
stop_node a
ok $? "SIGTERM ends node a cleanly"
check "no process is left on host a" no_process a
check "nor on host b" no_process b
done_testing
