/* Events to frames. */
#include <math.h>
#include <string.h>

#include "data/binning.h"

enum { BY_TIME, BY_COUNT, BY_WINDOW };
enum { REST_LAST, REST_DROP };
enum { VALUE_COUNT, VALUE_BINARY, VALUE_LOG };
enum { POLARITY_BOTH, POLARITY_MERGED };

int mye_binning_frames(const mye_binning *b, int asked)
{
    return b->frames > 0 ? (int)b->frames : asked;
}

int mye_binning_channels(const mye_binning *b)
{
    return b->polarity == POLARITY_BOTH ? 2 : 1;
}

/* Frame of event i, or T and more when it lies behind the last window. Products stay below 2^53:
 * a recording is at most 2^40 us long and T at most 2^12. */
static int64_t frame_of(const mye_binning *b, const mye_events *events, size_t i, int T)
{
    const int64_t t = events->event[i].t_us - events->event[0].t_us;

    if (b->by == BY_COUNT)
        return (int64_t)((uint64_t)i * (uint64_t)T / events->n);
    if (b->by == BY_WINDOW)
        return t / b->window_us;
    return t * T / (mye_events_duration(events) + 1);
}

size_t mye_binning_count(const mye_binning *b, const mye_events *events,
                         const mye_frames_shape *shape, float *frames)
{
    const mye_frames_shape *s = shape;
    const size_t area = (size_t)s->H * (size_t)s->W * (size_t)s->C;
    size_t dropped = 0;

    memset(frames, 0, (size_t)s->T * area * sizeof *frames);
    for (size_t i = 0; i < events->n; i++) {
        const mye_event *e = &events->event[i];
        int64_t t = frame_of(b, events, i, s->T);
        if (t >= s->T && b->rest == REST_DROP) {
            dropped++;
            continue;
        }
        t = t < s->T ? t : s->T - 1;
        const size_t x = (size_t)e->x * (size_t)s->W / (size_t)s->source_W;
        const size_t y = (size_t)e->y * (size_t)s->H / (size_t)s->source_H;
        const size_t c = s->C > 1 ? e->polarity : 0;
        frames[(size_t)t * area + (y * (size_t)s->W + x) * (size_t)s->C + c] += 1;
    }
    return dropped;
}

void mye_binning_scale(const mye_binning *b, size_t n, float *frames)
{
    const float clip = b->clip > 0 ? (float)b->clip : INFINITY, divide = (float)b->divide;

    if (b->value == VALUE_COUNT && b->clip <= 0 && b->divide == 1)
        return;
    for (size_t k = 0; k < n; k++) {
        float x = frames[k] < clip ? frames[k] : clip;
        if (x > 0 && b->value == VALUE_BINARY)
            x = 1;
        else if (x > 0 && b->value == VALUE_LOG)
            x = log1pf(x);
        frames[k] = x / divide;
    }
}
