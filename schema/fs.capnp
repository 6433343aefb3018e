# Directories and files.  (MetaContainer paper, chapters 3.3 and 8.1)
@0xb84c2f6d1e7a9305;
using Vat = import "vat.capnp";
using Metac = import "metac.capnp";
using Persistence = import "persistence.capnp";
using Stream = import "stream.capnp";
$Vat.prefix("fs");

interface Filesystem extends (Persistence.Persistable) {
  # A directory and all below it.
  getSubtree @0 (name :Text) -> (fs :Filesystem);
  # name may hold slashes, but no symbolic links, no "..", no leading slash. "" or "." is the
  # directory itself. Fails if there is no such directory now.
  getFile @1 (name :Text) -> (file :File);
  # The file need not exist: the object stands for the path.
  v9fsStream @2 () -> (stream :Stream.Stream);
  # Each opening of the stream is served 9P2000.L on this tree (attach with aname "" or "/").
  readonlyFs @3 () -> (fs :Filesystem);
  # The same directory, without any way to change it.
  userFs @4 (uid :UInt32, gid :UInt32) -> (fs :Filesystem);
  # The same directory with the rights of that user and group alone, whoever the 9P client says it
  # is. Fails if this one is limited to a user already.
}

interface File extends (Persistence.Persistable) {
  # A regular file, or the place for one.
  openAsStream @0 () -> (stream :Stream.Stream);
  # Reading: the content from start to end, then end of stream.
  openForWriting @1 (append :Bool) -> (stream :Stream.Stream);
  # Writing: what is sent becomes the content (created with mode 0644, truncated unless append). After
  # the writer's end of stream the file is synced, and the stream is closed: end of stream
  # seen by the writer means the content is on disk.
}

interface Mount extends (Persistence.Persistable, Metac.Waitable, Metac.Destroyable, Metac.Holder) {
  # A mounted filesystem. Unmounted when the last reference goes, or by destroy.
  info @0 () -> (info :MountInfo);
}

struct MountInfo {
  path @0 :Text;
  source @1 :Text;
  # Summary of what is mounted.
  persistent @2 :Bool;
  connected @3 :Bool;
  # False: the other side is gone, the mount answers EIO.
  transport @4 :Text;
  # "fuse" or "v9fs".
}

interface FilesystemNamespace {
  # A mount namespace.
  filesystem @0 () -> (fs :Filesystem);
  # Its root directory. Only of the namespace metacd runs in.
  mount @1 (path :Text, fs :Filesystem, options :MountOptions) -> (mount :Mount);
  # path: absolute, an existing empty directory that nothing is mounted on.
  listMounts @2 () -> (mounts :List(Mount));
}

struct MountOptions {
  readOnly @0 :Bool;
  transport @1 :Text;
  # "", "fuse" or "v9fs"; "" = v9fs where the kernel has it, else fuse.
  source @2 :Text;
  # What is mounted, for people (listings); no secret.
}

interface FilesystemServiceAdmin extends (Metac.ServiceAdmin) {
  rootNamespace @0 () -> (ns :FilesystemNamespace);
  # The one metacd runs in.
  namespaceOf @1 (handle :Metac.Holder) -> (ns :FilesystemNamespace);
  # The one whose descriptor (/proc/PID/ns/mnt) is attached to handle: so that `metac fs mount`
  # mounts where its caller sees it. The namespace metacd runs in gives the root namespace.
  # A persistent mount is restored in the root namespace.
}

struct TreeDescription {
  # Description stored for directories, files and their streams.
  path @0 :Text;
  readOnly @1 :Bool;
  limited @2 :Bool;
  uid @3 :UInt32;
  gid @4 :UInt32;
  append @5 :Bool;
}

struct MountDescription {
  path @0 :Text;
  fs @1 :Filesystem;
  options @2 :MountOptions;
  source @3 :Text;
}
