#include "time/time.h"

#include "time/time_list.inc"

#define X(name) extern const mye_time_rule mye_time_##name;
MYE_TIME_LIST(X)
#undef X

static const mye_entry *const entries[] = {
#define X(name) &mye_time_##name.entry,
    MYE_TIME_LIST(X)
#undef X
        NULL};

const mye_kind mye_kind_time = {"time", "how does credit flow through time steps?", entries};
