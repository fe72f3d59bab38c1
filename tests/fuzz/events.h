/* What fuzz targets of event files check after decoding. */
#ifndef MYE_FUZZ_EVENTS_H
#define MYE_FUZZ_EVENTS_H

#include <stdlib.h>

#include "data/binning.h"

/* What was accepted lies within the camera and is sorted, and no event is lost in frames. */
static inline void check_events(const mye_events *events, int side)
{
    static float frames[3 * 4 * 4 * 2];
    const mye_frames_shape shape = {3, 2, 4, 4, side, side};
    double sum = 0;

    for (size_t i = 0; i < events->n; i++)
        if (events->event[i].x >= side || events->event[i].y >= side ||
            (i > 0 && events->event[i].t_us < events->event[i - 1].t_us))
            abort();
    if (events->n >= 1 << 20) /* floats count exactly up to 2^24 */
        return;
    for (int by = 0; by < 3; by++) {
        const mye_binning binning = {.by = by, .window_us = 100, .divide = 1};
        sum = (double)mye_binning_count(&binning, events, &shape, frames);
        for (int k = 0; k < 96; k++)
            sum += (double)frames[k];
        if (sum != (double)events->n)
            abort();
    }
}

#endif
