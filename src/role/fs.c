/* SPDX-License-Identifier: MIT */
/*
 * Role `fs`: the filesystem service.  It opens paths and mounts, so it is root with the few
 * capabilities that takes; it parses no data of a resource (its workers do), only RPC.
 */
#include "role/roles.h"
#include "role/service.h"
#include "svc/fs/fs-role.h"

int role_fs(int argc, char **argv)
{
	return role_service(argc, argv, "fs", fs_service_run);
}
