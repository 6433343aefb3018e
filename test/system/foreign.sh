#!/bin/bash
# SPDX-License-Identifier: MIT
# A program made from schema/ with C++ Cap'n Proto, against a node: NodeAdmin, a third party's service,
# a directory by its reference.
. "$(dirname "$0")/lib.sh"
CXX_NODE=${CXX_NODE:-$BUILD/test/system/cxx-node}
hosts_up
mkdir -p "$TOP/a/tree" && echo fine >"$TOP/a/tree/file"
socket=$TOP/a/run/$A/socket

check "an administrator's program" "$CXX_NODE" admin "$socket"
check "names the services" grep -qx 'service fs' <<<"$("$CXX_NODE" admin "$socket")"
check "the address" grep -qx "address $A" <<<"$("$CXX_NODE" admin "$socket")"

"$CXX_NODE" serve "$socket" album >"$TOP/album" 2>&1 &
album=$!
check "a third party registers a service" wait_until 10 grep -q registered "$TOP/album"
check "it is listed" grep -qx album <<<"$(metac_a node services)"
check "it is used from another node" on_host b timeout 20 "$CXX_NODE" use "[$A]:901" album
"$CXX_NODE" serve "$socket" album >"$TOP/album2" 2>&1
ok $(($? == 0)) "its name cannot be taken"
kill -KILL $album
wait $album 2>/dev/null
gone() { ! metac_a node services | grep -qx album; }
check "its name disappears with it" wait_until 5 gone

# the secret of a reference, as objectInfo: packed message, one Data
ref=$(metac_a fs export "local:$TOP/a/tree")
secret=$(python3 - "$ref" <<'E2'
import base64, sys
t = sys.argv[1].rsplit("/", 1)[1]
p = base64.urlsafe_b64decode(t + "=" * (-len(t) % 4))
out, i = b"", 0
while i < len(p):
    tag, word = p[i], b""
    i += 1
    for bit in range(8):
        if tag >> bit & 1:
            word += p[i:i + 1]
            i += 1
        else:
            word += b"\0"
    out += word
    if tag == 0:
        out += b"\0" * 8 * p[i]
        i += 1
    elif tag == 0xFF:
        n = p[i]
        out += p[i + 1:i + 1 + 8 * n]
        i += 1 + 8 * n
n = int.from_bytes(out[4:8], "little") >> 3
start = 8 + 8 * (int.from_bytes(out[0:4], "little") >> 2)
print(out[start:start + n].hex())
E2
)
check "a directory is restored and its 9P stream opened, by C++ alone" on_host b timeout 30 "$CXX_NODE" tree "[$A]:901" $B "$secret"

# Persistent.save of Cap'n Proto's own persistent.capnp, by a program that knows no createSturdyRef
secret_in() { sed -n 's/^secret //p' "$1"; }
opens() { on_host b timeout 30 "$CXX_NODE" tree "[$A]:901" $B "$1"; }
"$CXX_NODE" save "$socket" "${TOP#/}/a/tree" >"$TOP/saved" 2>&1
ok $? "a directory is saved by the standard interface"
check "the reference names the node" grep -qx "node $A" "$TOP/saved"
check "sealing is refused" grep -q '^sealed: .*cannot be sealed' "$TOP/saved"
check "what cannot be saved says so" grep -q '^the service: .*not implement' "$TOP/saved"
first=$(secret_in "$TOP/saved")
check "another program restores it" opens "$first"
on_host b timeout 30 "$CXX_NODE" save-again "[$A]:901" "$first" >"$TOP/again" 2>&1
ok $? "what was restored is saved again"
second=$(secret_in "$TOP/again")
[ -n "$second" ] && [ "$second" != "$first" ]
ok $? "by another reference"
stop_node a
start_node a
check "the first survives a restart" opens "$first"
check "the second survives a restart" opens "$second"
parent=$(metac_a ref ls --json | python3 -c '
import json, sys
print(*{r["parent"] for r in json.load(sys.stdin) if r.get("parent")})')
check "the second was made through the first" metac_a ref rm "$parent"
fails_with "the first is revoked" 1 'no such reference' opens "$first"
fails_with "and the second with it" 1 'no such reference' opens "$second"
done_testing
