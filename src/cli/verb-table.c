/* SPDX-License-Identifier: MIT */
/*
 * The tables of verb.h.  Text is written for a terminal of 80 columns; an example line that begins
 * with "#" is a remark.
 */
#include "cli/verb.h"

const struct opt opt_table[] = {
	{OPT_PERSISTENT, 'p', "persistent", NULL, WORD_OTHER, "survives restarts of the node"},
	{OPT_TIMEOUT, 't', "timeout", "TIME", WORD_OTHER,
		"ends, or gives up, after TIME (30s, 10min, 2h, 7d)"},
	{OPT_READ_ONLY, 'r', "read-only", NULL, WORD_OTHER, "without any way to change it"},
	{OPT_READ_ONLY, 0, "readonly", NULL, WORD_OTHER, NULL},
	{OPT_FORMAT, 0, "format", "FORMAT", WORD_FORMAT,
		"of the image: raw (the default), qcow2, vmdk, ..."},
	{OPT_DIRECT, 0, "direct", NULL, WORD_OTHER, "past the page cache of the other host"},
	{OPT_NAME, 0, "name", "NAME", WORD_OTHER, "the device is /dev/metac/NAME too"},
	{OPT_UNIX, 0, "unix", "PATH", WORD_PATH, "listen on this Unix socket"},
	{OPT_TCP, 0, "tcp", "HOST:PORT", WORD_OTHER, "listen there, e.g. on localhost:10809"},
	{OPT_EXPOSE, 0, "expose", NULL, WORD_OTHER,
		"to other hosts too: whoever comes has the disk"},
	{OPT_HERE, 0, "here", NULL, WORD_OTHER, "through this host, not directly"},
	{OPT_FORK, 0, "fork", NULL, WORD_OTHER,
		"return when it is ready, and stay in the background"},
	{OPT_BLOCK_TRANSPORT, 0, "transport", "KIND", WORD_BLOCK_TRANSPORT,
		"nbd or loop; default: the first there is"},
	{OPT_TRANSPORT, 0, "transport", "KIND", WORD_TRANSPORT,
		"bind, fuse or v9fs; default: bind if here, or fuse"},
	{OPT_USER, 0, "user", NULL, WORD_OTHER, "for oneself, without a node of this host"},
	{OPT_MAP_USER, 0, "map-user", "L:R[:N]", WORD_OTHER,
		"user L here is R there, N of them from these on"},
	{OPT_MAP_GROUP, 0, "map-group", "L:R[:N]", WORD_OTHER, "the same for groups"},
	{OPT_FORCE, 'f', "force", NULL, WORD_OTHER, "although it is used: open files fail"},
	{OPT_LAZY, 0, "lazy", NULL, WORD_OTHER, "off the path now, open files stay usable"},
	{OPT_LONG, 'l', "long", NULL, WORD_OTHER, "mode, owner, size and time of each entry"},
	{OPT_OFFSET, 0, "offset", "N", WORD_OTHER, "begin after N bytes (4096, 4k, 1M)"},
	{OPT_LENGTH, 0, "length", "N", WORD_OTHER, "at most N bytes"},
	{OPT_APPEND, 'a', "append", NULL, WORD_OTHER, "add to the end instead of replacing"},
	{OPT_WRITE, 'w', "write", NULL, WORD_OTHER, "a stream to write to, not to read from"},
	{OPT_RECURSIVE, 'r', "recursive", NULL, WORD_OTHER, "directories too, with all in them"},
	{OPT_RESUME, 0, "resume", NULL, WORD_OTHER, "continue an interrupted copy"},
	{OPT_PROGRESS, 0, "progress", "KIND", WORD_PROGRESS,
		"bar, plain or none; default: a bar at a terminal"},
	{OPT_MTU, 0, "mtu", "N", WORD_OTHER, "of the interface here; default: the largest"},
	{OPT_L3, 0, "l3", "ADDRESS/LEN,...", WORD_OTHER,
		"a routed network, in which this host has these"},
	{OPT_INTERVAL, 'i', "interval", "TIME", WORD_OTHER,
		"again and again: what came in each TIME"},
	{OPT_COUNT, 'c', "count", "N", WORD_OTHER, "end after N frames"},
	{OPT_FILTER, 0, "filter", "PROGRAM", WORD_OTHER, "only these; as `tcpdump -ddd' prints it"},
	{OPT_SNAP_LENGTH, 's', "snap-length", "N", WORD_OTHER, "keep N bytes of each frame"},
	{OPT_WRITE_TO, 'o', "output", "FILE", WORD_PATH, "to this file, not to standard output"},
	{OPT_ALL, 'a', "all", NULL, WORD_OTHER, "those, too, that are not shown without"},
	{OPT_JSON, 'j', "json", NULL, WORD_OTHER, "print JSON"},
	{OPT_NODE, 'n', "node", "ADDRESS", WORD_ADDRESS,
		"which node; default: METAC_ADDRESS or the only one"},
	{OPT_CONNECT_TIMEOUT, 0, "connect-timeout", "TIME", WORD_OTHER,
		"limit for reaching another node; default: 10s"},
	{OPT_HELP, 'h', "help", NULL, WORD_OTHER, "print this help"},
	{OPT_VERSION, 'V', "version", NULL, WORD_OTHER, "print the version"},
	{},
};

#define URI_HELP                                                                       \
	"URI is local:[ro,][uid=N,gid=N,]/PATH, a path on this host, or a reference\n" \
	"(ref://...), also with a path in it (ref://.../sub/dir), or - to read that\n" \
	"from the first line of standard input, so that the secret stays off the\n"    \
	"command line."

static const struct verb fs_verbs[] = {
	{"export", "URI", {WORD_URI}, OPT_EXPORT | OPT_READ_ONLY,
		"print a reference to a directory",
		"Whoever has the reference can mount the directory, from any node that reaches\n"
		"this one, until it is removed with `metac ref rm'.\n" URI_HELP "\n"
		"Exporting a reference makes a new one, revoked together with the first.",
		"metac fs export local:/srv/photos\n"
		"metac fs export --timeout 10min local:ro,uid=1000,gid=1000,/home/ann/talks\n"
		"metac fs export --persistent --read-only ref://[fd00::1]/kFV4...",
		cmd_fs_export},
	{"mount", "URI PATH", {WORD_URI, WORD_PATH},
		OPT_CONNECT | OPT_PERSISTENT | OPT_READ_ONLY | OPT_TRANSPORT | OPT_TIMEOUT |
			OPT_MAP_USER | OPT_MAP_GROUP | OPT_USER | OPT_JSON,
		"mount a directory on PATH",
		"PATH is an empty directory. The mount stays until `metac fs umount' or the end\n"
		"of the node; with --persistent it is made again when the node starts, also\n"
		"when the other host comes later. While the connection to that is lost, programs\n"
		"wait; with --timeout for so long, then what they ask for fails (ETIMEDOUT). A\n"
		"user who may not use the node, and --user, mounts with fusermount3, for himself\n"
		"alone.\n" URI_HELP,
		"metac fs mount ref://[fd00::1]/kFV4... /mnt\n"
		"metac fs mount --persistent - /mnt <ref.txt",
		cmd_fs_mount},
	{"umount", "PATH", {WORD_PATH}, OPT_CONNECT | OPT_FORCE | OPT_LAZY, "undo a mount",
		"A persistent mount is forgotten too. One that is in use stays, and who uses it\n"
		"is named.",
		"metac fs umount /mnt\nmetac fs umount --lazy /mnt", cmd_fs_umount},
	{"mounts", "", {}, OPT_CONNECT | OPT_JSON, "list what the node has mounted", NULL,
		"metac fs mounts\nmetac fs mounts --json", cmd_fs_mounts},
	{"who", "[URI]", {WORD_URI}, OPT_CONNECT | OPT_LONG | OPT_JSON,
		"list who has mounted what is here",
		"How much each has read and written, and how many files are open; with --long\n"
		"which ones. With URI only those who use that directory with those rights.",
		"metac fs who\nmetac fs who --long ref://[fd00::1]/kFV4...", cmd_fs_who},
	{"ls", "URI [PATH]", {WORD_URI, WORD_OTHER}, OPT_CONNECT | OPT_USER | OPT_LONG | OPT_JSON,
		"list a directory without mounting it",
		"PATH is relative to the directory and leads through no symbolic link.\n" URI_HELP,
		"metac fs ls ref://[fd00::1]/kFV4...\nmetac fs ls -l local:/srv/photos 2026/May",
		cmd_fs_ls},
	{"cp", "SRC... DST", {WORD_URI, WORD_URI, WORD_URI},
		OPT_CONNECT | OPT_USER | OPT_RECURSIVE | OPT_RESUME | OPT_PROGRESS | OPT_JSON,
		"copy files and directories without mounting",
		"SRC and DST are references, with or without a path in them (ref://.../2024),\n"
		"local:/PATH on the node's host, or plain paths, which are the command's own\n"
		"files. Into DST if that is a directory; a SRC that ends with / or has no path\n"
		"is copied without its name. Keeps modes, owners (as root), times, extended\n"
		"attributes, hard links and holes. A lost connection is waited for for a minute.",
		"metac fs cp -r ref://[fd00::1]/kFV4.../2024 local:/backup\n"
		"metac fs cp --resume big.iso ref://[fd00::1]/kFV4.../isos",
		cmd_fs_cp},
	{"watch", "URI [PATH]", {WORD_URI, WORD_OTHER},
		OPT_CONNECT | OPT_USER | OPT_RECURSIVE | OPT_JSON,
		"tell what changes in a directory, as it happens",
		"A line for each change: time, kind (created, removed, changed) and path. `lost'\n"
		"says that changes may have been missed, `unwatched' that a directory is not\n"
		"watched any more. Ends when interrupted. PATH as for `metac fs ls'.\n" URI_HELP,
		"metac fs watch -r ref://[fd00::1]/kFV4... 2026\n"
		"metac fs watch --json local:/srv/inbox",
		cmd_fs_watch},
	{},
};

static const struct verb file_verbs[] = {
	{"export", "URI", {WORD_URI}, OPT_EXPORT, "print a reference to a file",
		"The file need not exist yet.\n" URI_HELP,
		"metac file export local:/etc/motd\n"
		"metac file export --persistent --timeout 7d local:ro,/srv/report.pdf",
		cmd_file_export},
	{"cat", "URI", {WORD_URI}, OPT_CONNECT | OPT_USER | OPT_OFFSET | OPT_LENGTH,
		"copy a file to standard output", URI_HELP,
		"metac file cat ref://[fd00::1]/kFV4... >motd\n"
		"metac file cat --offset 1M --length 4k ref://[fd00::1]/kFV4.../disk.img",
		cmd_file_cat},
	{"stat", "URI", {WORD_URI}, OPT_CONNECT | OPT_USER | OPT_JSON,
		"tell size, mode, owner and time of a file", URI_HELP,
		"metac file stat ref://[fd00::1]/kFV4.../motd", cmd_file_stat},
	{"write", "URI", {WORD_URI}, OPT_CONNECT | OPT_USER | OPT_APPEND,
		"copy standard input to a file",
		"Returns when the content is on the other host's disk. The file is created with\n"
		"mode 0644 if it does not exist.\n" URI_HELP "\n"
		"What follows that line is the content.",
		"metac file write ref://[fd00::1]/kFV4... <motd\n"
		"date | metac file write --append local:/var/log/visits",
		cmd_file_write},
	{"open", "URI", {WORD_URI}, OPT_EXPORT | OPT_WRITE | OPT_APPEND,
		"print a reference to a stream of the file's content",
		"Each use of the stream reads the file from its start, or with --write replaces\n"
		"its content (--append: adds to it).\n" URI_HELP,
		"metac stream cat $(metac file open local:/etc/motd)", cmd_file_open},
	{},
};

static const struct verb block_verbs[] = {
	{"export", "URI", {WORD_URI}, OPT_EXPORT | OPT_READ_ONLY | OPT_FORMAT | OPT_DIRECT,
		"print a reference to a block device",
		"A disk, or a file with the image of one, that whoever has the reference can\n"
		"attach, serve, copy and ask about, and nothing else. (A reference to a file,\n"
		"from `metac file export', does for all of that too.)\n" URI_HELP,
		"metac block export local:/dev/vg0/vm\n"
		"metac block export --readonly --format qcow2 local:/images/debian.qcow2",
		cmd_block_export},
	{"attach", "URI", {WORD_URI},
		OPT_CONNECT | OPT_READ_ONLY | OPT_PERSISTENT | OPT_NAME | OPT_BLOCK_TRANSPORT |
			OPT_TIMEOUT | OPT_FORMAT | OPT_DIRECT | OPT_JSON,
		"attach one to this host as a device",
		"Prints the device. It stays until `metac block detach' or the end of the node;\n"
		"with --persistent it is attached again when the node starts. While the\n"
		"connection is lost, requests wait; with --timeout for so long, then they fail\n"
		"(EIO). What was flushed is on the other host's disk.\n" URI_HELP,
		"metac block attach ref://[fd00::1]/kFV4...\n"
		"metac block attach --persistent --name vm ref://[fd00::1]/kFV4...",
		cmd_block_attach},
	{"detach", "DEVICE", {WORD_PATH}, OPT_CONNECT | OPT_FORCE, "undo an attach",
		"DEVICE is the device, its link in /dev/metac, or the name of that. What was\n"
		"written is flushed first. One that is in use stays, and who uses it is named.\n"
		"A persistent one is forgotten too.",
		"metac block detach /dev/nbd0\nmetac block detach vm", cmd_block_detach},
	{"ls", "", {}, OPT_CONNECT | OPT_JSON, "list what the node has attached", NULL,
		"metac block ls\nmetac block ls --json", cmd_block_ls},
	{"serve", "URI [COMMAND...]", {WORD_URI, WORD_COMMAND_LAST},
		OPT_CONNECT | OPT_USER | OPT_READ_ONLY | OPT_UNIX | OPT_TCP | OPT_EXPOSE |
			OPT_FORK | OPT_TIMEOUT | OPT_FORMAT | OPT_DIRECT | OPT_JSON,
		"serve one to programs that speak NBD",
		"Prints the NBD URI when it is ready, and stays until it is interrupted. While\n"
		"the connection to the other host is lost, programs wait; with --timeout for so\n"
		"long. With a COMMAND, after --, ends when that does, with its exit status; {} in\n"
		"its words is the NBD URI, and so is $uri. Needs no node.\n" URI_HELP,
		"metac block serve ref://[fd00::1]/kFV4... --unix /run/disk.sock\n"
		"metac block serve ref://[fd00::1]/kFV4... -- qemu-img info {}\n"
		"metac block serve - -- fio --name=t --ioengine=nbd --rw=randread --uri={}",
		cmd_block_serve},
	{"cp", "SRC DST", {WORD_URI, WORD_URI},
		OPT_CONNECT | OPT_USER | OPT_RESUME | OPT_PROGRESS | OPT_FORMAT | OPT_JSON,
		"copy one, from or to another host, or both",
		"SRC and DST are references (ref://...), local:/PATH, or files of this command:\n"
		"a path; the file appears when it is whole. Holes stay holes. Another host's\n"
		"DST has to be there, and as large; what is behind the copy is left as it is.\n"
		"--format is that of SRC; DST is raw. While the connection is lost the copy\n"
		"waits for a minute; --resume goes on with one that has failed, if nobody has\n"
		"written to SRC or DST since.",
		"metac block cp ref://[fd00::1]/kFV4... backup.raw\n"
		"metac block cp --resume backup.raw ref://[fd00::1]/kFV4...",
		cmd_block_cp},
	{"info", "URI", {WORD_URI},
		OPT_CONNECT | OPT_USER | OPT_READ_ONLY | OPT_FORMAT | OPT_DIRECT | OPT_JSON,
		"tell size and block sizes", URI_HELP,
		"metac block info ref://[fd00::1]/kFV4...\n"
		"metac block info local:/dev/vg0/vm",
		cmd_block_info},
	{},
};

#define NET_URI_HELP                                                                         \
	"URI is local:DEV, an interface of this host, newlocal:DEV, one that is made,\n"     \
	"netns:NS:DEV and newnetns:NS:DEV, the same in another network namespace, or a\n"    \
	"reference (ref://...), or - to read that from a line of standard input. Then may\n" \
	"follow ,rate=100mbit ,allow=dhcp and ,mac=ADDRESS: what is left of it."

static const struct verb net_verbs[] = {
	{"export", "URI", {WORD_NET_URI}, OPT_EXPORT | OPT_L3,
		"print a reference to a network interface",
		"Whoever has the reference can join the Ethernet that the interface belongs to,\n"
		"until it is removed with `metac ref rm'. With --l3 and newlocal:NAME a network\n"
		"is made in which hosts reach each other by IP alone.\n" NET_URI_HELP,
		"metac net export local:eth1\n"
		"metac net export --persistent local:br0,rate=100mbit,allow=dhcp\n"
		"metac net export --l3 10.9.0.1/24,fd09::1/64 newlocal:lab3",
		cmd_net_export},
	{"bind", "URI URI", {WORD_NET_URI, WORD_NET_URI},
		OPT_CONNECT | OPT_PERSISTENT | OPT_MTU | OPT_JSON,
		"join two interfaces to one Ethernet",
		"One is of this host; its name is printed. Frames run between the two hosts'\n"
		"kernels, until `metac net unbind' or the end of the node; with --persistent they\n"
		"are joined again when the node starts. Two references of other hosts are joined\n"
		"by the first one's host; a reference to that is printed.\n" NET_URI_HELP "\n"
		"Of one that is made also ,kind=bridge (or tap) ,mtu=N ,address=10.1.0.7/24 and\n"
		",hwaddr=ADDRESS.",
		"metac net bind ref://[fd00::1]/kFV4... newlocal:lab0\n"
		"metac net bind --persistent - local:br0 <ref.txt\n"
		"metac net bind ref://[fd00::1]/kFV4... ref://[fd00::2]/x0bR...",
		cmd_net_bind},
	{"unbind", "NAME", {WORD_INTERFACE}, OPT_CONNECT, "undo a bind",
		"NAME is that of the interface here (NS:DEV in another namespace, local:DEV too),\n"
		"the binding's id, or the reference that `metac net bind' has printed. An\n"
		"interface that was made goes with its last binding. A persistent one is\n"
		"forgotten too.",
		"metac net unbind lab0\nmetac net unbind ref://[fd00::1]/kFV4...", cmd_net_unbind},
	{"ls", "", {}, OPT_CONNECT | OPT_ALL | OPT_JSON, "list what is bound",
		"Those that were made on this host; with --all also those that others have made\n"
		"of its interfaces.",
		"metac net ls\nmetac net ls --all --json", cmd_net_ls},
	{"stats", "[NAME]", {WORD_INTERFACE}, OPT_CONNECT | OPT_INTERVAL | OPT_JSON,
		"tell what has passed",
		"Of all bindings, also others', or of the one that NAME stands for as for `metac\n"
		"net unbind'. Restricted is what rate=, allow=, mac= and the limit of broadcasts\n"
		"have dropped, foreign what came from elsewhere to the tunnel's port.",
		"metac net stats lab0\nmetac net stats --interval 1s lab0", cmd_net_stats},
	{"trace", "URI [FILTER...]", {WORD_NET_URI, WORD_OTHER},
		OPT_CONNECT | OPT_WRITE_TO | OPT_COUNT | OPT_FILTER | OPT_SNAP_LENGTH,
		"capture the frames of an interface",
		"Writes them to standard output, in pcap format, until interrupted, or until the\n"
		"interface goes down. URI is local:DEV, netns:NS:DEV, or a reference to an\n"
		"interface that is not restricted. FILTER is as for tcpdump (`udp port 53'); what\n"
		"it leaves out is not sent.",
		"metac net trace ref://[fd00::1]/kFV4... | tshark -i -\n"
		"metac net trace --count 100 local:lab0 >lab.pcap",
		cmd_net_trace},
	{"interfaces", "[NS]", {WORD_NETNS}, OPT_CONNECT | OPT_ALL | OPT_JSON,
		"list the interfaces of this host",
		"Of its namespace or the one named, as `ip netns' has it or as a path. With --all\n"
		"also those that bindings are made of.",
		"metac net interfaces\nmetac net interfaces --json blue", cmd_net_interfaces},
	{"rename", "URI NAME", {WORD_NET_URI, WORD_OTHER}, OPT_CONNECT,
		"give an interface another name",
		"References and bindings of it stay. URI is local:DEV or netns:NS:DEV.",
		"metac net rename local:lab0 lab1", cmd_net_rename},
	{"rm", "URI", {WORD_NET_URI}, OPT_CONNECT, "delete an interface",
		"Also one that was not made by metac, unless it is hardware. What is bound to it\n"
		"ends. URI is local:DEV or netns:NS:DEV.",
		"metac net rm local:lab0", cmd_net_rm},
	{},
};

static const struct verb stream_verbs[] = {
	{"cat", "REF", {WORD_URI}, OPT_CONNECT, "connect standard input and output to a stream",
		"Ends when both directions have ended; at a terminal, when the stream has.",
		"metac stream cat ref://[fd00::1]/kFV4... </dev/null", cmd_stream_cat},
	{"bind", "REF1 REF2", {WORD_URI, WORD_URI}, OPT_CONNECT | OPT_PERSISTENT | OPT_HERE,
		"pipe two streams into each other",
		"Stays until both directions have ended, or until interrupted. With --persistent\n"
		"the node keeps the two bound instead, and a reference to the binding is printed.\n"
		"With --here the two hosts need not reach each other: all passes through this\n"
		"one.",
		"metac stream bind ref://[fd00::1]/kFV4... ref://[fd00::2]/x0bR...",
		cmd_stream_bind},
	{"run", "REF COMMAND...", {WORD_URI, WORD_COMMAND}, OPT_CONNECT,
		"run a command on a stream",
		"The stream is the command's standard input and output. The exit status is the\n"
		"command's. Options come before REF.",
		"metac stream run ref://[fd00::1]/kFV4... tar x", cmd_stream_run},
	{},
};

static const struct verb obj_verbs[] = {
	{"ls", "", {}, OPT_CONNECT | OPT_JSON, "list the objects that references exist for", NULL,
		"metac obj ls\nmetac obj ls --json", cmd_obj_ls},
	{"show", "ID", {WORD_OTHER}, OPT_CONNECT | OPT_JSON, "tell everything about one object",
		"ID is the object's id or an unmistakable beginning of it.", "metac obj show 5f1c",
		cmd_obj_show},
	{"rm", "ID", {WORD_OTHER}, OPT_CONNECT, "forget an object and revoke all its references",
		"ID is the object's id or an unmistakable beginning of it, or a reference: then\n"
		"the object is destroyed, wherever it lives.",
		"metac obj rm 5f1c", cmd_obj_rm},
	{},
};

static const struct verb ref_verbs[] = {
	{"ls", "[OBJECT]", {WORD_OTHER}, OPT_CONNECT | OPT_JSON, "list references",
		"All of them, or those to one object. The ids shown name the references without\n"
		"giving them away.",
		"metac ref ls\nmetac ref ls --json", cmd_ref_ls},
	{"rm", "REF", {WORD_URI}, OPT_CONNECT, "revoke a reference and all obtained through it",
		"REF is the reference itself, its id or an unmistakable beginning of that.\n"
		"Mounts, streams and references made through it end at once, wherever they are.\n"
		"Runs on the node that the reference belongs to.",
		"metac ref rm ref://[fd00::1]/kFV4...\nmetac ref rm 51d0", cmd_ref_rm},
	{"rotate", "REF", {WORD_URI}, OPT_CONNECT,
		"replace a reference by a new one to the same object",
		"The old one is revoked; the new one is printed. REF as for `metac ref rm'.",
		"metac ref rotate 51d0", cmd_ref_rotate},
	{},
};

static const struct verb node_verbs[] = {
	{"ls", "", {}, OPT_COMMON | OPT_JSON, "list the nodes that run on this host", NULL,
		"metac node ls", cmd_node_ls},
	{"address", "", {}, OPT_CONNECT, "print the node's address", NULL, "metac node address",
		cmd_node_address},
	{"services", "", {}, OPT_CONNECT | OPT_JSON, "list the services registered at the node",
		NULL, "metac node services --node fd00::1", cmd_node_services},
	{"links", "", {}, OPT_CONNECT | OPT_JSON, "list the node's connections",
		"Who is connected, how many calls went each way, and how often the other side was\n"
		"introduced to somebody else, whom it then calls without this node.",
		"metac node links\nmetac node links --json", cmd_node_links},
	{},
};

const struct noun nouns[] = {
	{"fs", "directories", fs_verbs},
	{"file", "single files", file_verbs},
	{"block", "block devices", block_verbs},
	{"net", "network interfaces", net_verbs},
	{"stream", "byte streams", stream_verbs},
	{"obj", "objects the node keeps", obj_verbs},
	{"ref", "references to them", ref_verbs},
	{"node", "the nodes of this host", node_verbs},
	{},
};
