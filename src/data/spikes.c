/* Spikes of a cochlea. */
#include "data/spikes.h"

#define TIME_MAX_S 86400.0f

mye_status mye_spikes_decode(const char *name, size_t n, const float *time_s, const uint16_t *unit,
                             int units, mye_events *out, mye_error *err)
{
    MYE_TRY(mye_events_reserve(out, n, err));
    for (size_t i = 0; i < n; i++) {
        if (!(time_s[i] >= 0 && time_s[i] <= TIME_MAX_S))
            return mye_fail(err, MYE_ERR_FORMAT,
                            "%s: spike %zu is at %g s, expected a time from 0 to %g", name, i,
                            (double)time_s[i], (double)TIME_MAX_S);
        const mye_event event = {
            .t_us = (int64_t)((double)time_s[i] * 1e6 + 0.5), .x = unit[i], .polarity = 1};
        MYE_TRY(mye_events_check(&event, i, name, units, 1, err));
        out->event[out->n++] = event;
    }
    return mye_events_finish(out, name, err);
}
