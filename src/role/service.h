/* SPDX-License-Identifier: MIT */
#pragma once
/* What the roles of services that have the runtime directory have in common. */

/* Reads --address and --runtime-dir and runs the service, in the root directory, with the node's
 * address in canonical form and the directory's descriptor (both borrowed). name is that in the
 * log. Returns the process's exit status: that of run, 2 for wrong options, 1 if the directory
 * cannot be opened. */
int role_service(
	int argc, char **argv, const char *name, int (*run)(const char *address, int runtime));
