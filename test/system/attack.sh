#!/bin/bash
# SPDX-License-Identifier: MIT
# What must not be had: by who holds a reference, by a stranger, by an ordinary user of either host; and what each
# process of a running metacd really is.
. "$(dirname "$0")/lib.sh"

# As from an administrator's shell: groups, and a token in the environment; and with the securebit that
# takes the sting out of setfsuid.
launch_node() { # launch_node a|b LOG [metacd options]
	local h=$1 log=$2
	shift 2
	SECRET_TOKEN=hunter2 nsenter --net=/run/netns/$NS"$h" setpriv --groups 0,4 \
		--securebits +no_setuid_fixup "$BUILD/metacd" \
		--address "$(address_of "$h")" --runtime-dir "$TOP/$h/run" --state-dir "$TOP/$h/state" \
		"$@" >>"$log" 2>&1 &
	DAEMON[$h]=$!
}
hosts_up

user() { setpriv --reuid 12345 --regid 12345 --clear-groups --no-new-privs "$@"; }
as_daemon_user() { setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs "$@"; }
processes() { ip netns pids $NS"$1"; }
role_pid() { # role_pid a|b ROLE
	local p
	for p in $(processes "$1"); do
		tr '\0' ' ' <"/proc/$p/cmdline" | grep -q -- "--role=$2 " && echo "$p" && return
	done
	return 1
}
status_is() { grep -Eq "^$2:[[:space:]]*$3\$" "/proc/$1/status"; }

src=$TOP/a/tree
mkdir -p "$src/sub" && chmod 755 "$src" "$src/sub"
echo file >"$src/sub/file"
echo group >"$src/group" && chmod 640 "$src/group" # root:root
mkdir -p "$TOP"/b/m{1,2,3,4} "$TOP"/a/m{1,2}
ref=$(metac_a fs export "local:$src")
limited=$(metac_a fs export "local:uid=65534,gid=65534,$src")
metac_b fs mount "$ref" "$TOP/b/m1"
metac_b fs mount "$limited" "$TOP/b/m2"

# one 9P worker, by hand
out=$(on_host a setpriv --securebits +no_setuid_fixup python3 "$(dirname "$0")/attack.py" "$BUILD/metacd-worker" 2>"$TOP/output")
while read -r line; do
	case $line in
	ok*) ok 0 "9P: ${line#*- }" ;;
	not*) ok 1 "9P: ${line#*- }" ;;
	'#'*) echo "$line" ;;
	esac
done <<<"$out"

# who they are
no_groups() {
	local p
	for p in $(processes a) $(processes b); do
		status_is "$p" Groups "[[:space:]]*" || { tr '\0' ' ' <"/proc/$p/cmdline" && return 1; }
	done
}
check "no process has a supplementary group" no_groups
no_token() {
	local h p
	for h in a b; do
		for p in $(processes $h); do
			[ "$p" = "${DAEMON[$h]}" ] || ! grep -qa hunter2 "/proc/$p/environ" || return 1
		done
	done
}
check "no role has the starter's environment" no_token
echo root >"$src/roots" && chmod 600 "$src/roots"
check "root's files are root's in a mount" bash -c "cat $TOP/b/m1/roots && ! setpriv --reuid 12345 --regid 12345 --clear-groups cat $TOP/b/m1/roots"
confined() { # confined a|b ROLE CAPABILITIES
	local p
	p=$(role_pid "$1" "$2") && status_is "$p" CapEff "$3" && status_is "$p" CapBnd "$4" &&
		status_is "$p" Seccomp 2 && status_is "$p" NoNewPrivs 1
}
none=0000000000000000
for role in node persistence; do
	check "$role has no capability and a filter" confined a $role $none $none
	check "$role is not root" status_is "$(role_pid a $role)" Uid "65534.65534.65534.65534"
done
check "the mount worker too" confined b 9p-mount $none $none
check "the 9P worker of a whole directory has nine capabilities" confined a 9p-server 00000000880000df 00000000880000df
few_descriptors() { [ "$(find "/proc/$(role_pid "$1" "$2")/fd" -type l | wc -l)" -le "$3" ]; }
check "the 9P worker holds little" few_descriptors a 9p-server 12
check "the mount worker holds little" few_descriptors b 9p-mount 8

# a holder
check "a device node can be made" mknod "$TOP/b/m1/disk" b 7 0
fails_with "but does not give the disk" 1 'not a regular file' metac_a file cat "local:$src/disk"
fails_with "nor to write" 1 'not a regular file' metac_a file write "local:$src/disk" </dev/null
check "nor is it a device where it is mounted" bash -c "! head -c1 $TOP/b/m1/disk"
cp /bin/id "$TOP/b/m1/id" && chmod 4755 "$TOP/b/m1/id"
check "set-user-id means nothing in a mount" test "$(setpriv --reuid 12345 --regid 12345 --clear-groups "$TOP/b/m1/id" -u)" = 12345
fails_with "a reference limited to a user has no group of root's" 1 'ermission' \
	metac_a file cat "local:uid=65534,gid=65534,$src/group"
check "nor in a mount" bash -c "! cat $TOP/b/m2/group"

# who asks for what cannot come to him
fs_descriptors() { find "/proc/$(role_pid a fs)/fd" -type l | wc -l; }
before=$(fs_descriptors)
mkfifo "$TOP/end"
on_host b env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS="$B" "$BUILD/test/system/greedy" fs ls "$ref" \
	<"$TOP/end" >"$TOP/greedy" &
exec 7>"$TOP/end"
check "a holder may ask for a descriptor" wait_until 30 grep -q . "$TOP/greedy"
check "but does not use up those of the service" test "$(fs_descriptors)" -lt $((before + 400))
check "nor keep this host from binding" metac_a fs mount "local:$src" "$TOP/a/m2"
check "by another way if need be" cat "$TOP/a/m2/sub/file"
metac_a fs umount "$TOP/a/m2"
exec 7>&-
wait $!
given_back() { [ "$(fs_descriptors)" -le $((before + 5)) ]; }
check "what he had is given back" wait_until 10 given_back

# an ordinary user
runs() { user env METAC_RUNTIME_DIR="$TOP/a/run" METAC_ADDRESS=$A "$TOP/bin/metac" "$@"; }
fails_with "the admin socket is not for users" 1 'ermission|root' runs ref ls
check "nor the state" bash -c "! setpriv --reuid 12345 --regid 12345 --clear-groups ls $TOP/a/state/$A"
not_readable() {
	local f p=$1
	for f in mem environ auxv fd/3; do
		! "$2" head -c1 "/proc/$p/$f" >/dev/null 2>&1 || return 1
	done
}
for role in node persistence 9p-server; do
	check "a user sees nothing of $role" not_readable "$(role_pid a $role)" user
	check "nor does another process of its own user" not_readable "$(role_pid a $role)" as_daemon_user
done

# secrets
not_said() {
	local secret p
	for secret in "${ref##*/}" "${limited##*/}"; do
		! grep -qF "$secret" "$TOP"/[ab]/log || return 1
		! grep -rqaF "$secret" "$TOP"/a/state || return 1
		for p in $(processes a) $(processes b); do
			! grep -qaF "$secret" "/proc/$p/cmdline" "/proc/$p/environ" || return 1
		done
	done
}
check "no secret in a log, on a command line, in the database" not_said

# what one reference led to goes with it
second=$(metac_b fs export "$ref")
third=$(metac_a fs export --read-only "$second")
metac_b fs mount "$second" "$TOP/b/m3"
metac_a fs mount "$third" "$TOP/a/m1"
file=$(metac_a file open "local:$src/sub/file")
exec 5<"$TOP/a/m1/sub/file" 6>"$TOP/b/m3/sub/written"
check "a reference of a reference is usable" cat "$TOP/a/m1/sub/file"
metac_a ref rm "$ref"
dead() { # of another host, or of this one, where it was bound
	cat "$1" 2>&1 | grep -Eq "$([ "${1#"$TOP/a/"}" = "$1" ] && echo 'Input/output error' || echo 'No such file')"
}
for m in b/m1 b/m3 a/m1; do
	check "$m is dead when the first reference is removed" wait_until 3 dead "$TOP/$m/sub/file"
done
# shellcheck disable=SC2016
check "what was open is dead" bash -c '! echo x 2>/dev/null >&6 || ! sync -d /dev/fd/6'
exec 5<&- 6>&-
for r in "$ref" "$second" "$third"; do
	fails_with "and each reference made from it" 1 'no such reference' metac_b fs ls "$r"
done
check "others are not" cat "$TOP/b/m2/sub/file"
check "nor is a stream" grep -q file <<<"$(metac_b stream cat "$file" </dev/null)"
one_worker_left() { # the one of the limited reference
	local p n=0
	for p in $(processes a); do
		! tr '\0' ' ' <"/proc/$p/cmdline" | grep -q -- --role=9p-server || n=$((n + 1))
	done
	[ $n = 1 ]
}
check "the workers of what was removed are gone" wait_until 5 one_worker_left
done_testing
