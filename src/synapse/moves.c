/* The list of moves. */
#include "synapse/move.h"

#include "synapse/move_list.inc"

#define DECLARE(name) extern const mye_move_type mye_move_##name;
MYE_MOVE_LIST(DECLARE)
#define ENTRY(name) &mye_move_##name.entry,
static const mye_entry *const entries[] = {MYE_MOVE_LIST(ENTRY) NULL};
const mye_kind mye_kind_move = {"move", "How far do a single neuron's weights move?", entries};
