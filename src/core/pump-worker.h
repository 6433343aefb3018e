/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a pump process does, between its control socket (pump-control.h) and its pump (sys/pump.h).
 */

/* Until the service has gone: 0. Negative errno: it said what it may not, or memory was out. The
 * caller ignores SIGPIPE. */
int pump_worker_run(int control);
