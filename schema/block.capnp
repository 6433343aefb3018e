# Block devices.  (MetaContainer paper, chapter 3.2)
@0x98b5376bf649bc67;
using Vat = import "vat.capnp";
using Metac = import "metac.capnp";
using Persistence = import "persistence.capnp";
using Stream = import "stream.capnp";
$Vat.prefix("block");

interface BlockDevice extends (Persistence.Persistable) {
  # An array of bytes of fixed size with random access: a file, a disk, an image.

  nbdSetup @0 (session :BlockSession) -> (stream :Stream.Stream, epoch :Data);
  # Each opening of the stream is served NBD (fixed newstyle, one export, any name); any number of
  # connections may be open at the same time, and a flush on one covers what was done on all. With a
  # session there is one connection at a time: opening the stream, or another one of the same
  # session, ends the connection there was, and only then is served: nothing that came through the old one
  # is done afterwards. epoch is another one when this machine was restarted: then what was
  # written and not flushed may be lost.

  info @1 () -> (info :BlockInfo);
  # Opens the file; fails if there is none.

  readonly @2 () -> (device :BlockDevice);
  # The same, without any way to change it.

  sizeChanged @3 (known :UInt64) -> (size :UInt64);
  # Returns when the size is not (any more) the known one. Requests are checked against the size the
  # file has; a connected client that hears of the new size may use it without connecting anew.

  endSession @4 (id :Data) -> ();
  # The client of that session will not come back. No error if there is none.
}

struct BlockSession {
  id @0 :Data;
  # 16 to 64 random bytes, known to the client alone. Empty: none.
  client @1 :Text;
  # Its host's name, for people.
}

struct BlockInfo {
  size @0 :UInt64;
  # Bytes, a multiple of minimumBlock.
  readOnly @1 :Bool;
  minimumBlock @2 :UInt32;
  preferredBlock @3 :UInt32;
  maximumPayload @4 :UInt32;
  # As NBD says them.
  format @5 :Text;
  # "raw", "qcow2" ...
  allocated @6 :UInt64;
  # Bytes that the file takes on its disk; 0: unknown, or a disk.
  connections @7 :UInt32;
  # NBD connections to it right now, through whatever reference.
  device @8 :Bool;
  # A block device of the host, not a file.
}

struct BlockOptions {
  # How a file is opened as a block device.
  format @0 :Text;
  # "" or "raw"; or one that qemu knows: "qcow2", "vmdk", "vdi", "vhdx", "vpc".
  readOnly @1 :Bool;
  direct @2 :Bool;
  # O_DIRECT: past the page cache.
}

struct BlockDescription {
  # Stored description of a block device and of its NBD stream.
  path @0 :Text;
  readOnly @1 :Bool;
  limited @2 :Bool;
  uid @3 :UInt32;
  gid @4 :UInt32;
  format @5 :Text;
  direct @6 :Bool;
}

# ---- attaching ---------------------------------------------------------------------------------

interface Attachment extends (Persistence.Persistable, Metac.Waitable, Metac.Destroyable, Metac.Holder) {
  # A BlockDevice that is a device of this host. Flushed and detached when the last reference goes, or by
  # destroy. wait returns when it has been detached, and fails when it needs somebody to restore it.
  info @0 () -> (info :AttachmentInfo);
  detach @1 (force :Bool) -> (users :List(DeviceUser));
  # Without force a device that is in use (open, mounted, swapped to, held by another device) stays, and who
  # uses it is named. With force: requests under way and later fail with EIO.
}

struct DeviceUser {
  pid @0 :Int32;
  # 0: not a process.
  name @1 :Text;
  # Its command; or the mount point, or the device that holds it.
  kind @2 :Kind;
  enum Kind { process @0; mount @1; swap @2; device @3; }
}

struct AttachmentInfo {
  device @0 :Text;
  # "/dev/nbd0", "/dev/loop3"
  source @1 :Text;
  # Summary of what is attached.
  transport @2 :Text;
  # "nbd" or "loop".
  persistent @3 :Bool;
  readOnly @4 :Bool;
  size @5 :UInt64;
  state @6 :State;
  since @7 :Int64;
  # Since when, seconds since 1970.
  error @8 :Text;
  # Why it is not connected.
  id @9 :Text;
  # The link /dev/metac/ID leads to the device; chosen by who attached it, or made up.

  enum State {
    connected @0;
    waiting @1;
    # For a connection: requests wait too.
    gone @2;
    # For good: everything answers EIO.
  }
}

struct AttachOptions {
  readOnly @0 :Bool;
  transport @1 :Text;
  # "", "nbd" or "loop"; "" = the first of them that this kernel has.
  source @2 :Text;
  # What is attached, for people; no secret.
  reference @3 :Metac.MetacSturdyRef;
  # How to get the device again when the connection was lost. Null: by calling it alone.
  timeout @4 :UInt32;
  # Seconds after the loss of a connection until requests fail with EIO. 0: they wait.
  name @5 :Text;
  # [A-Za-z0-9._-]{1,64}, the first not a dot: for the link /dev/metac/NAME. Empty: none.
  file @6 :Bool;
  # reference stands for a File, or with subtree for a Filesystem: what is restored is opened anew, with
  # openAsBlock(open). device, if there is one, has been already.
  subtree @7 :Text;
  # The file at this path below the directory.
  open @8 :BlockOptions;
}

interface BlockServiceAdmin extends (Metac.ServiceAdmin) {
  attach @0 (device :BlockDevice, options :AttachOptions) -> (attachment :Attachment);
  # device may be null if options has a reference; then there is a device when the other host is there.
  listAttachments @1 () -> (attachments :List(Attachment));
}

struct AttachmentDescription {
  device @0 :BlockDevice;
  # Null if options has a reference.
  options @1 :AttachOptions;
}
