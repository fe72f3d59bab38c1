/*
 * Depth axis: how does credit flow through layers? One rule = one file + one line in
 * depth_list.inc. The table is in net/rules.h.
 */
#ifndef MYE_DEPTH_H
#define MYE_DEPTH_H

#include "net/rules.h"

#endif
