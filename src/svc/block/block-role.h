/* SPDX-License-Identifier: MIT */
#pragma once
/* The block service as the role `block` runs it. */

/* Serves until told to stop; address (canonical text) is the node's, runtime its runtime directory
 * (borrowed). Returns the exit status. */
int block_service_run(const char *address, int runtime);
