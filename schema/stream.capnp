# Bidirectional byte streams.  (MetaContainer paper, chapter 3.1)
@0xc1d82f7e9b3a5d07;
using Vat = import "vat.capnp";
using Metac = import "metac.capnp";
using Persistence = import "persistence.capnp";
$Vat.prefix("stream");

interface Stream extends (Persistence.Persistable) {
  # Bytes never pass through RPC: a stream is opened as a TCP connection or as a descriptor.
  # Each opening is a connection of its own (a file is read from its start each time).

  tcpListen @0 (remote :Metac.NodeAddress, remotePort :Int32)
      -> (local :Metac.NodeAddress, port :Int32, holder :Metac.Holder);
  # Listens on local:port for exactly one connection, which must come from exactly
  # remote:remotePort; any other is closed at once. The caller binds remotePort before calling, so
  # that nobody else can come from there. The listener goes when that one connection has come, when
  # the holder is dropped, or after 30 seconds. The connection lives as long as the holder: whoever
  # drops it closes it. The holder is a Connection.

  bindTo @1 (other :Stream) -> (holder :Metac.Holder);
  # Pipes all data between this stream and the other, in both directions, half-close preserved, as
  # long as the holder lives. The holder is a Binding.

  openLocal @2 () -> (end :Metac.Holder);
  # The same for a caller on the same host: `end` carries a connected socket as its attached
  # descriptor. Over a link that passes no descriptors there is none: the caller
  # then uses tcpListen. The connection lives as long as `end`.
}

interface Connection extends (Metac.Holder, Metac.Waitable) {}
# What the holders above are. wait returns when the connection has ended well, and fails with the
# reason when it has not: a writer learns here that the disk was full.

interface Binding extends (Connection, Persistence.Persistable) {}
# What bindTo's holder is. wait returns when both ends have taken all there was, and fails with what either says.

struct StreamBinding {
  # Stored description of a binding.
  stream @0 :Stream;
  other @1 :Stream;
  here @2 :Bool;
  # Made by joinStreams.
}
