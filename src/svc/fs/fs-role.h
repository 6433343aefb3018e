/* SPDX-License-Identifier: MIT */
#pragma once
/* The filesystem service as the role `fs` runs it. */

/* Serves until told to stop; address (canonical text) is the node's, runtime its runtime directory
 * (borrowed). Returns the exit status. */
int fs_service_run(const char *address, int runtime);
