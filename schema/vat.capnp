# Annotations that capnpc-vat understands.
@0xd9bd5d5e1ffd7c9a;

annotation prefix @0xb5f1c3b0a9d1a7e1 (file) :Text;
# Put before every C name made from the file: `$Vat.prefix("fs")` turns Filesystem.getSubtree into
# fs_filesystem_get_subtree. Without it the file's base name is used. It cannot be empty.

annotation name @0xf1a5d7c94f0c6f2b (struct, enum, interface, field, enumerant, method, param, group, union,
    const) :Text;
# The C name of one declaration, in snake_case, where the automatic one is unwanted.
