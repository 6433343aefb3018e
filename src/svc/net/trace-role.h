/* SPDX-License-Identifier: MIT */
#pragma once
/* The worker of a capture as the role `net-trace` runs it (trace-worker.c). */

int role_net_trace(int argc, char **argv);
