/* Schedules: their list, and the warm-up that all of them share. */
#include <math.h>

#include "step/schedule_list.inc"
#include "step/step.h"

#define X(name) extern const mye_schedule mye_schedule_##name;
MYE_SCHEDULE_LIST(X)
#undef X

static const mye_entry *const schedule_entries[] = {
#define X(name) &mye_schedule_##name.entry,
    MYE_SCHEDULE_LIST(X)
#undef X
        NULL};

const mye_kind mye_kind_schedule = {.name = "schedule",
                                    .question = "How does the learning rate change?",
                                    .entries = schedule_entries};

int64_t mye_warmup_steps(const mye_warmup *w, int64_t per_epoch)
{
    return w->steps + (int64_t)llround(w->epochs * (double)per_epoch);
}

double mye_warmup_factor(const mye_warmup *w, int64_t step, int64_t per_epoch)
{
    const int64_t steps = mye_warmup_steps(w, per_epoch);
    return step < steps ? (double)(step + 1) / (double)steps : 1.0;
}
