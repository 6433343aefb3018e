/* SPDX-License-Identifier: MIT */
/*
 * Role `net`: the network service.  It makes links and rules, so it is root with the few
 * capabilities that takes; it parses no frame (its workers do), only RPC and what the kernel
 * answers.
 */
#include "role/roles.h"
#include "role/service.h"
#include "svc/net/net-role.h"

int role_net(int argc, char **argv)
{
	return role_service(argc, argv, "net", net_service_run);
}
