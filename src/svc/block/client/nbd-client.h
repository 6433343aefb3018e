/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Role `nbd-client`: a remote block device behind something of this host: FUSE, a listening socket.
 * Its options, its descriptors and what it and its keeper tell each other: core/block-control.h.
 *
 * It parses what the server sends (which may be hostile), what the kernel asks, and with --listen
 * the NBD of whoever connects (who may be hostile too, and gets at the device what a holder of it
 * may, and nothing else). It has no files, no capability, and can connect to nowhere.
 */
int role_nbd_client(int argc, char **argv);
