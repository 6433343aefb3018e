/* SPDX-License-Identifier: MIT */
#pragma once
/* The network service as the role `net` runs it. */

/* Serves until told to stop; address (canonical text) is the node's, runtime its runtime directory
 * (borrowed). Returns the exit status. */
int net_service_run(const char *address, int runtime);
