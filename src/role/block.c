/* SPDX-License-Identifier: MIT */
/*
 * Role `block`: the block service.  It sets up block devices, so it is root with the few
 * capabilities that takes; it parses no data of a resource (its workers do), only RPC.
 */
#include "role/roles.h"
#include "role/service.h"
#include "svc/block/block-role.h"

int role_block(int argc, char **argv)
{
	return role_service(argc, argv, "block", block_service_run);
}
