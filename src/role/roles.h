/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The roles of metacd.  One process has one role; --role=NAME chooses it (none: the supervisor).
 * The table in main.c says who each runs as and which capabilities it keeps; that is done before
 * the role's function is called.
 */

int role_supervisor(int argc, char **argv);
int role_node(int argc, char **argv);
int role_persistence(int argc, char **argv);
int role_fs(int argc, char **argv);
int role_9p_server(int argc, char **argv);
int role_9p_mount(int argc, char **argv);
int role_copy(int argc, char **argv);
