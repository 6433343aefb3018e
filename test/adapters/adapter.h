/* SPDX-License-Identifier: MIT */
#pragma once
/* The object and the calls of the loop's own tests serve those of its adapters. */
#include "io/test-object.h"
