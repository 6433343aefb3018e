# Open files as objects: over a Unix socket, the descriptor travels with the reference.
@0x9d1f6ab3c8e45027;

using Vat = import "/vat.capnp";
$Vat.prefix("open");

interface Opener {
  open @0 (name :Text) -> (file :File);
}

interface File {
  size @0 () -> (bytes :UInt64);
}
