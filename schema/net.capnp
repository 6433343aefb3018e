# Network interfaces.  (MetaContainer paper, chapters 4 and 8.2)
@0xd8b0a3f6c2471e95;
using Vat = import "vat.capnp";
using Metac = import "metac.capnp";
using Persistence = import "persistence.capnp";
using Stream = import "stream.capnp";
$Vat.prefix("net");

interface L2Interface extends (Persistence.Persistable, Metac.Waitable) {
  # A port of an Ethernet: whoever has it can join it to another. Frames never pass through RPC: they
  # run in VXLAN (RFC 7348) between the two kernels, unicast, or inside one kernel on the same host.
  # wait is for what createInterface made, and fails when that has gone: a stored one is then made
  # again. All others need nobody who waits for them, and say "unimplemented".

  setupVxlan @0 (remote :Metac.NodeAddress, dstPort :UInt16, vniNum :UInt32, options :TunnelOptions)
      -> (local :Metac.NodeAddress, srcPort :UInt16, holder :Metac.Holder, tunnel :TunnelInfo);
  # Joins this interface to a VXLAN tunnel between its node and remote, which receives on UDP port
  # dstPort, and sends from there, in network vniNum (24 bits). This side does so on local:srcPort. Only
  # frames from exactly remote:dstPort get in. The caller has the port before it calls. Lives as
  # long as the holder, which is a Tunnel. A second call with the same remote, dstPort and
  # vniNum takes the place of the first: so a caller that lost its connection comes back.
  # remote is this very node: there is no tunnel. srcPort is 0, and the caller, which is this
  # node's network service and has offered its end under dstPort and vniNum, is joined directly.

  bindTo @1 (other :L2Interface, options :BindOptions) -> (holder :Metac.Holder);
  # Joins this interface and the other, as long as the holder lives. It is a Binding. Fails, and leaves
  # nothing behind, if they cannot be joined now. To a routed network only a KernelInterface can be bound.

  info @2 () -> (info :L2Info);
  # Fails if there is no such interface.

  restrict @3 (restrictions :Restrictions) -> (iface :L2Interface);
  # The same, with less: what either lets through passes only if the other does as well.

  trace @4 (options :TraceOptions) -> (stream :Stream.Stream);
  # Each opening of the stream is a capture, in pcap format (draft-ietf-opsawg-pcap), of all
  # frames that this interface sends and receives, from then on. Not of a restricted one; of a routed
  # network only of the KernelInterface.
}

struct TunnelOptions {
  mtu @0 :UInt32;
  # Largest packet (without the Ethernet header) that the caller can take in; 0: not known.
  ownVni @1 :Bool;
  # The caller sends in TunnelInfo.vniNum; else both sides use the caller's.
  client @2 :Text;
  # Its host's name, for people.
  key @3 :Data;
  # Names the caller's binding in a routed network: 16 to 32 random bytes, the same as long as the
  # binding lives, also across restarts. Who has it gets the same addresses again.
}

struct TunnelInfo {
  mtu @0 :UInt32;
  # Largest packet that both this interface and the way to remote can take, with an encapsulation.
  vniNum @1 :UInt32;
  # What this side receives in.
  routed @2 :RoutedConfig;
  # Only of a routed network: how the caller's interface is to be set up.
  segment @3 :Data;
  # Names this interface to who is bound to it, as long as its node's network service runs: who would bind
  # his own to it a second time makes a loop.
}

struct RoutedConfig {
  # A routed interface (no Ethernet: neighbours are not looked for, frames carry IP only).
  addresses @0 :List(Text);
  # The caller's, "10.9.0.2/32", "fd09::2/128", one of each prefix of the network: packets from others are
  # dropped by the other side.
  gateways @1 :List(Text);
  # The other side's, "10.9.0.1", for each of these.
  gatewayMac @2 :Data;
  routes @3 :List(Text);
  # "10.9.0.0/24": the prefix, which is reached through the gateway.
  mac @4 :Data;
  # The caller's interface has to have this one.
}

interface Tunnel extends (Metac.Holder, Metac.Waitable) {
  # What setupVxlan's holder is. wait fails when the tunnel has ended from the other side: the interface
  # is gone, say, or the same caller has set it up anew.
  leave @0 ();
  # The binding is over for good: its addresses in a routed network may be given to others. Without
  # this they are kept for who comes with the same key.
}

struct Restrictions {
  rate @0 :UInt64;
  # Bits per second, in each direction. 0: no limit.
  macs @1 :List(Data);
  # Only frames from these addresses may come from who binds the interface, and only frames to them or to a group
  # go to him. Empty: any.
  allow @2 :List(Protocol);
  # Only these. Empty: any.

  enum Protocol {
    arp @0;
    # It passes with all that IPv4 carries as well; so do neighbour solicitations and advertisements
    # with what IPv6 carries.
    ip4 @1;
    ip6 @2;
    dhcp @3;
    # DHCP and DHCPv6, with what they need (neighbour discovery).
    icmp @4;
    # ICMP and ICMPv6
    tcp @5;
    udp @6;
    dns @7;
    # UDP and TCP port 53.
    vlan @8;
    # Tagged frames (802.1Q, 802.1ad) of any content.
  }
}

struct L2Info {
  node @0 :Metac.NodeAddress;
  namespace @1 :Text;
  # "" is the one that the node is in.
  name @2 :Text;
  mtu @3 :UInt32;
  restrictions @4 :List(Restrictions);
  # All of them hold.
  routed @5 :Bool;
  tunnels @6 :UInt32;
  # Tunnels and direct joints it has now, through whatever reference.
  how @7 :Text;
  # How they reach it: "bridge" (a bridge, or a port of one), "port" (of a bridge made for it), "splice" (beside the host, which uses
  # it too), "own" (the interface is the tunnel's end itself); "" if there are none.
}

struct TraceOptions {
  snapLength @0 :UInt32;
  # Bytes kept of each frame; 0: 262144.
  filter @1 :List(UInt64);
  # Classic BPF instructions (struct sock_filter, as little-endian 64-bit numbers: code, jt, jf, k from the lowest bits
  # on), at most 4096. Empty: everything.
  count @2 :UInt64;
  # Ends after so many frames; 0: never.
}

# ---- binding -----------------------------------------------------------------------------------

interface Binding extends (Persistence.Persistable, Metac.Waitable, Metac.Destroyable, Metac.Holder) {
  # Two interfaces that are joined. Undone when the last reference goes, or by destroy: the tunnel goes, and a
  # created interface that nobody else holds. wait returns when it has been undone, and fails when it needs
  # somebody to restore it.
  info @0 () -> (info :BindingInfo);
}

struct BindOptions {
  mtu @0 :UInt32;
  # What the interface here is to have; refused with the number possible if it is too large. 0: the
  # largest that works.
  source @1 :Text;
  # What the other is, for people; no secret.
  reference @2 :Metac.MetacSturdyRef;
  # How to get the other again when the connection was lost. Null: by calling it alone.
  restrictions @3 :Restrictions;
  # Of what passes through this binding, besides those of the two interfaces.
}

struct BindingInfo {
  id @0 :Text;
  name @1 :Text;
  # The interface here, "lab0".
  namespace @2 :Text;
  source @3 :Text;
  # Summary of what it is joined to.
  transport @4 :Text;
  # "vxlan", "veth", "bridge"
  state @5 :State;
  since @6 :Int64;
  # Since when, seconds since 1970.
  error @7 :Text;
  persistent @8 :Bool;
  mtu @9 :UInt32;
  remote @10 :Text;
  # Address of the other node; empty on the same host.
  created @11 :Bool;
  # The interface here goes with the last who holds it.
  stats @12 :Stats;
  addresses @13 :List(Text);
  # Of a routed network: those given to who binds it.
  exported @14 :Bool;
  # Somebody else has bound an interface of this host: the other half of a Binding elsewhere. source: who.

  enum State {
    connected @0;
    waiting @1;
    # For a connection to the other node.
    gone @2;
    # For good: the reference was revoked, or the interface here has gone.
    loop @3;
    # Cut off, since its frames came back another way.
  }
}

struct Stats {
  # As the interface here sees it: received is what came from the other side.
  receivedBytes @0 :UInt64;
  receivedPackets @1 :UInt64;
  receivedDropped @2 :UInt64;
  sentBytes @3 :UInt64;
  sentPackets @4 :UInt64;
  sentDropped @5 :UInt64;
  restricted @6 :UInt64;
  # Frames that a restriction (rate, addresses, protocols) or the storm limit has dropped.
  foreign @7 :UInt64;
  # Packets to the tunnel's port that came from somebody else, and were dropped.
}

# ---- the interfaces of a host --------------------------------------------------------------------

interface KernelInterface extends (L2Interface) {
  getName @0 () -> (name :Text);
  rename @1 (newname :Text);
  # 1 to 15 bytes, no "/", ":" or white space. Stored references to it follow. (They follow as well, until
  # the host is rebooted, when somebody else renames it.)
  destroy @2 ();
  # Deletes it, also one that was not created here. Fails for hardware.
  l2Interface @3 () -> (iface :L2Interface) $Vat.name("as_l2");
  # The same interface without the methods above: what is given to others.
  kernelInfo @4 () -> (info :KernelInterfaceInfo);
}

struct KernelInterfaceInfo {
  name @0 :Text;
  namespace @1 :Text;
  kind @2 :Text;
  # As ip-link(8) calls it: "bridge", "veth", "vxlan" ...; "" for hardware.
  mac @3 :Data;
  mtu @4 :UInt32;
  up @5 :Bool;
  carrier @6 :Bool;
  master @7 :Text;
  addresses @8 :List(Text);
  # "10.1.0.7/24"
  created @9 :Bool;
  # By createInterface.
  ours @10 :Bool;
  # A part of a tunnel (not listed, unless asked for).
}

interface KernelNetworkNamespace {
  listInterfaces @0 (all :Bool) -> (interfaces :List(KernelInterface), infos :List(KernelInterfaceInfo));
  # Those that carry Ethernet; with all those of tunnels too.
  getInterface @1 (name :Text) -> (iface :KernelInterface);
  # Fails if there is none now.
  createInterface @2 (name :Text, options :CreateOptions) -> (iface :KernelInterface);
  # Fails if there is one. Lives as long as somebody holds a capability or reference for it, or a binding of it.
}

struct CreateOptions {
  kind @0 :Text;
  # "": an interface for this host; "bridge": others can be put into it; "tap": for a virtual machine.
  mtu @1 :UInt32;
  # 0: 1500; of a routed network what tunnels of this node carry
  mac @2 :Data;
  # Empty: a random one, which a persistent reference keeps.
  addresses @3 :List(Text);
  # "10.1.0.7/24": given to it whenever it is made.
  routed @4 :List(Text);
  # Not empty: a routed network, in which this host has these addresses ("10.9.0.1/24", "fd09::1/64"), and
  # who binds it gets one of each prefix.
}

interface NetworkServiceAdmin extends (Metac.ServiceAdmin) {
  rootNamespace @0 () -> (namespace :KernelNetworkNamespace);
  namespace @1 (name :Text) -> (namespace :KernelNetworkNamespace);
  # A name as ip-netns(8) has it, or the path of a namespace's file ("/proc/123/ns/net").
  listBindings @2 () -> (bindings :List(Binding), infos :List(BindingInfo));
  # Those made here; infos also has those that others made of interfaces here, after the others.
}

# ---- stored descriptions -------------------------------------------------------------------------

struct InterfaceDescription {
  # An L2Interface or KernelInterface.
  namespace @0 :Text;
  name @1 :Text;
  kernel @2 :Bool;
  restrictions @3 :List(Restrictions);
  created @4 :Bool;
  options @5 :CreateOptions;
  # If created.
  leases @6 :List(Lease);
  index @7 :UInt32;
  networkId @8 :UInt64;
  # As long as its network namespace is the one of that id, which is until the host is rebooted, and an
  # interface has that index, that is meant, whatever its name is by now; else the one of that name.
  createdId @9 :Text;
  # If created: what its mark says (ip-link(8), alias).
}

struct Lease {
  # Of a routed network: who has which address.
  key @0 :Data;
  addresses @1 :List(Text);
}

struct TraceDescription {
  iface @0 :InterfaceDescription;
  options @1 :TraceOptions;
}

struct BindingDescription {
  iface @0 :InterfaceDescription;
  # Of the interface here: described, for a capability would come back through the gate of its reference.
  other @1 :L2Interface;
  # Null if options has a reference.
  options @2 :BindOptions;
  key @3 :Data;
  # TunnelOptions.key
}
