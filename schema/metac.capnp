# The node: how everything else is reached.  (MetaContainer paper, chapters 2 and 5.1, 5.2)
@0xe5a1bcd95f01b3a6;
using Vat = import "vat.capnp";
$Vat.prefix("metac");

struct NodeAddress {
  ip @0 :Text;
  # IPv6 or IPv4 address in text form, without brackets or port.
}

struct MetacSturdyRef {
  # A reference that outlives connections.  Whoever knows it may use it.
  node @0 :NodeAddress;
  # Node the object lives on.
  service @1 :Text;
  # Service that restores it; normally "persistence".
  objectInfo @2 :AnyPointer;
  # For the service alone. The persistence service puts a Data here: the secret.
}

interface Holder {}
# Keeps an effect alive: when the last reference to a holder is dropped, the effect is undone.

interface Waitable {
  wait @0 ();
  # Returns when the object has ended; fails when it has failed. Callers use the call itself as a
  # liveness channel.
}

interface Destroyable {
  destroy @0 ();
  # Ends the object now, whoever else refers to it, and makes the node forget it.
}

interface ResourceGroup {}
# Whom to charge. No methods; null = the node itself.

interface Service {
  # What every service implements for everybody.
  restore @0 (objectInfo :AnyPointer) -> (obj :AnyPointer);
  # The object that objectInfo (from a MetacSturdyRef naming this service) stands for.
  # Unknown, expired and revoked references all fail with the same text, "no such reference".
}

interface ServiceAdmin {}
# Base of the interfaces that services offer to the administrators of their node.

interface NodeAdmin {
  # Bootstrap interface of the Unix socket RUNTIME/ADDRESS/socket: everything on this node.
  getServiceAdmin @0 (name :Text) -> (service :ServiceAdmin);
  # Fails if no service of that name is registered now.

  registerNamedService @1 (name :Text, service :Service, adminBootstrap :ServiceAdmin)
      -> (holder :Holder);
  # name: 1 to 64 of [a-z0-9-]. Fails if the name is taken. The name disappears with the
  # holder, or with the connection that registered it.

  getUnprivilegedNode @2 () -> (node :Node);
  # The same that TCP port 901 offers.

  getNode @3 (address :NodeAddress, verify :Bool) -> (node :Node);
  # Another node, reached through this one's link to it (dialled when first used, shared by all who
  # ask). Fails when that node does not answer in time. With verify, a link that is there already is
  # tried first: if the other side is silent for a second, and can be dialled anew (it was rebooted, say),
  # then everything that was obtained through the old link is lost, and the new one is used.

  listServices @4 () -> (names :List(Text));

  listLinks @5 () -> (links :List(Link));
  # The connections this node has now, and what went over them.
}

struct Link {
  kind @0 :Kind;
  name @1 :Text;
  # Of a service: its name. Else the address of the other side, empty for an administrator's.
  callsIn @2 :UInt64;
  callsOut @3 :UInt64;
  # Calls the other side made of this node, and this node of it, for itself or on behalf of others.
  messagesIn @4 :UInt64;
  messagesOut @5 :UInt64;
  introduced @6 :UInt64;
  # How often the other side was introduced to where an object is, to call it without this node.

  enum Kind {
    service @0;
    administrator @1;
    stranger @2;
    # Somebody who came to TCP port 901.
    node @3;
    # Another node, dialled by this one.
  }
}

interface Node {
  # Bootstrap interface of TCP port 901: for anybody who can reach the node.
  address @0 () -> (address :NodeAddress);
  getService @1 (name :Text) -> (service :Service);
  # Fails if no service of that name is registered now.
  waitForService @2 (name :Text);
  # Returns once a service of that name is registered.
}
