# Directories and files.  (MetaContainer paper, chapters 3.3 and 8.1)
@0xb84c2f6d1e7a9305;
using Vat = import "vat.capnp";
using Metac = import "metac.capnp";
using Persistence = import "persistence.capnp";
using Stream = import "stream.capnp";
using Block = import "block.capnp";
$Vat.prefix("fs");

interface Filesystem extends (Persistence.Persistable) {
  # A directory and all below it.
  getSubtree @0 (name :Text) -> (fs :Filesystem);
  # name may hold slashes, but no symbolic links, no "..", no leading slash. "" or "." is the
  # directory itself. Fails if there is no such directory now.
  getFile @1 (name :Text) -> (file :File);
  # The file need not exist: the object stands for the path.
  v9fsStream @2 (session :Session) -> (stream :Stream.Stream);
  # Each opening of the stream is served 9P2000.L on this tree (attach with aname "" or "/"). With a
  # session (docs/9p2000.L.metac.md, "Not twice") there is one connection at a time: opening the stream,
  # or another one of the same session, ends the connection there was.
  readonlyFs @3 () -> (fs :Filesystem);
  # The same directory, without any way to change it.
  userFs @4 (uid :UInt32, gid :UInt32) -> (fs :Filesystem);
  # The same directory with the rights of that user and group alone, whoever the 9P client says it
  # is. Fails if this one is limited to a user already.
  directory @5 () -> (directory :Metac.Holder, offer :Offer);
  # For a caller on the same host: directory carries, as its attached descriptor, a mount of the directory
  # that is attached nowhere yet (open_tree(2) with OPEN_TREE_CLONE), set-user-id programs and devices off,
  # read-only if the directory is. Drop it when the descriptor was taken, and keep offer. Over a link that
  # passes no descriptors there is none. Unimplemented for a directory limited to a user.
  endSession @6 (id :Data) -> ();
  # The client of that session will not come back: what is kept of it goes. No error if there is none.
}

struct Session {
  # Who opens a 9P stream, and comes back with another one when its connection was lost.
  id @0 :Data;
  # 16 to 64 random bytes, known to the client alone. Empty: none, nothing is kept.
  client @1 :Text;
  # Its host's name, for people.
}

interface Offer extends (Metac.Holder, Metac.Waitable) {}
# wait fails when the directory is not offered any more: who has mounted it then unmounts it.

interface File extends (Persistence.Persistable) {
  # A regular file, or the place for one.
  openAsStream @0 (offset :UInt64) -> (stream :Stream.Stream);
  # Reading: the content from there to its end, then end of stream. Who has enough drops the Connection.
  openForWriting @1 (append :Bool) -> (stream :Stream.Stream);
  # Writing: what is sent becomes the content (created with mode 0644, truncated unless append). After
  # the writer's end of stream the file is synced, and the stream is closed: end of stream
  # seen by the writer means the content is on disk.
  info @2 () -> (info :FileInfo);
  # Fails if there is no such file.
  openAsBlock @3 (options :Block.BlockOptions) -> (device :Block.BlockDevice);
  # The file, or the disk, as a block device. It need not exist yet, but when the device is used.
  # Fails if it is a directory.
}

struct FileInfo {
  # What stat(2) tells of it.
  size @0 :UInt64;
  mode @1 :UInt32;
  links @2 :UInt64;
  uid @3 :UInt32;
  gid @4 :UInt32;
  modified @5 :Int64;
  # Seconds since 1970.
}

interface Mount extends (Persistence.Persistable, Metac.Waitable, Metac.Destroyable, Metac.Holder) {
  # A mounted filesystem. Unmounted when the last reference goes, or by destroy.
  # wait returns when it has been unmounted, and fails when it needs somebody to restore it, because it
  # knows no way back to what is mounted.
  info @0 () -> (info :MountInfo);
  unmount @1 (how :How) -> (busy :Bool);
  # As destroy, unless it is in use: then nothing happens, and busy is true.
  enum How {
    ifUnused @0;
    force @1;
    # In use or not: requests under way and open files fail from now on. What destroy does.
    lazy @2;
    # Off the path now; what is open stays usable until it is closed.
  }
}

struct MountInfo {
  path @0 :Text;
  source @1 :Text;
  # Summary of what is mounted.
  persistent @2 :Bool;
  connected @3 :Bool;
  # True when state is connected.
  transport @4 :Text;
  # "fuse", "v9fs" or "bind".
  state @5 :State;
  since @6 :Int64;
  # Since when, seconds since 1970.
  error @7 :Text;
  # Why it is not connected.
  openFiles @8 :UInt64;
  # Files and directories that programs have open (fuse).
  lostFiles @9 :UInt64;
  # Of those, how many were not found again after the connection had been lost.

  enum State {
    connected @0;
    waiting @1;
    # For a connection: requests of programs wait too.
    gone @2;
    # For good (the reference was revoked): everything answers EIO.
  }
}

interface FilesystemNamespace {
  # A mount namespace.
  filesystem @0 () -> (fs :Filesystem);
  # Its root directory. Only of the namespace metacd runs in.
  mount @1 (path :Text, fs :Filesystem, options :MountOptions) -> (mount :Mount);
  # path: absolute, an existing empty directory that nothing is mounted on. fs may be null if options has
  # a reference: then it is mounted at once, and programs wait until the other host is there.
  listMounts @2 () -> (mounts :List(Mount));
}

struct MountOptions {
  readOnly @0 :Bool;
  transport @1 :Text;
  # "", "fuse", "v9fs" or "bind"; "" = bind where fs is on this host and not limited to a user, else fuse.
  # v9fs does not come back when its connection was lost, except by being mounted anew.
  source @2 :Text;
  # What is mounted, for people (listings); no secret.
  reference @3 :Metac.MetacSturdyRef;
  # How to get fs again when the connection to it was lost. Null: by calling fs alone.
  subtree @4 :Text;
  # fs is this directory below what reference stands for ("": that itself).
  timeout @5 :UInt32;
  # Seconds after the loss of a connection until requests fail with ETIMEDOUT. 0: they wait.
  mapUsers @6 :List(IdMap);
  mapGroups @7 :List(IdMap);
  # Ids there and here that stand for each other (fuse, bind). Empty: the same there and here.
}

struct IdMap {
  remote @0 :UInt32;
  # On the side of fs.
  local @1 :UInt32;
  count @2 :UInt32;
  # How many, from these on; 0 is 1. 4294967295: all that no other map names, who are `remote` there
  # (fuse only; local is not looked at).
}

interface FilesystemServiceAdmin extends (Metac.ServiceAdmin) {
  rootNamespace @0 () -> (ns :FilesystemNamespace);
  # The one metacd runs in.
  namespaceOf @1 (handle :Metac.Holder) -> (ns :FilesystemNamespace);
  # The one whose descriptor (/proc/PID/ns/mnt) is attached to handle: so that `metac fs mount`
  # mounts where its caller sees it. The namespace metacd runs in gives the root namespace.
  # A persistent mount is restored in the root namespace.
  sessions @2 () -> (sessions :List(SessionInfo));
  # Who is served 9P from here now.
  joinStreams @3 (one :Stream.Stream, other :Stream.Stream) -> (holder :Metac.Holder);
  # As Stream.bindTo, but this node opens both and all data goes through its host: for streams whose hosts
  # cannot reach each other, or shall not. The holder is a Binding.
}

struct SessionInfo {
  tree @0 :Text;
  # Persistable.summary of the directory.
  client @1 :Text;
  # What the client calls itself; empty if it said nothing.
  address @2 :Text;
  # Where its connection comes from; empty: this host.
  since @3 :Int64;
  # Start of this connection, seconds since 1970.
  users @4 :UInt32;
  # That have attached.
  bytesRead @5 :UInt64;
  bytesWritten @6 :UInt64;
  requests @7 :UInt64;
  openFiles @8 :List(OpenFile);
  # The first of them.
  nOpenFiles @9 :UInt64;
}

struct OpenFile {
  path @0 :Text;
  # Below the directory.
  mode @1 :Text;
  # "r", "w" or "rw".
}

struct TreeDescription {
  # Description stored for directories, files and their streams.
  path @0 :Text;
  readOnly @1 :Bool;
  limited @2 :Bool;
  uid @3 :UInt32;
  gid @4 :UInt32;
  append @5 :Bool;
  offset @6 :UInt64;
  # Where a reading stream begins.
}

struct MountDescription {
  path @0 :Text;
  fs @1 :Filesystem;
  # Null if options has a reference.
  options @2 :MountOptions;
  source @3 :Text;
}
