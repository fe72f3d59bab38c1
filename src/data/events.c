/* Recordings: growing, sorting, checking. */
#include <string.h>

#include "data/events.h"

mye_status mye_events_reserve(mye_events *events, size_t more, mye_error *err)
{
    const size_t limit = SIZE_MAX / sizeof *events->event / 2;

    if (more > limit || events->n + more > limit)
        return mye_no_memory(err, SIZE_MAX, "events");
    if (events->n + more <= events->capacity)
        return MYE_OK;
    const size_t capacity =
        events->n + more > 2 * events->capacity ? events->n + more : 2 * events->capacity;
    mye_event *grown =
        mye_grow(events->ctx, events->event, events->n * sizeof *grown, capacity * sizeof *grown);
    if (!grown)
        return mye_no_memory(err, capacity * sizeof *grown, "events");
    events->event = grown;
    events->capacity = capacity;
    return MYE_OK;
}

mye_status mye_events_add(mye_events *events, const mye_event *event, mye_error *err)
{
    if (events->n == events->capacity)
        MYE_TRY(mye_events_reserve(events, events->n > 256 ? events->n : 256, err));
    events->event[events->n++] = *event;
    return MYE_OK;
}

static bool is_sorted(const mye_events *events)
{
    for (size_t i = 1; i < events->n; i++)
        if (events->event[i].t_us < events->event[i - 1].t_us)
            return false;
    return true;
}

/* Two sorted runs, [a, b) and [b, c), into one; of equal times the earlier run's come first. */
static void merge(const mye_event *from, size_t a, size_t b, size_t c, mye_event *to)
{
    size_t left = a, right = b;

    for (size_t k = a; k < c; k++) {
        const bool take_left = left < b && (right == c || from[left].t_us <= from[right].t_us);
        to[k] = from[take_left ? left++ : right++];
    }
}

/* Merge sort from runs of one: stable, and no file can make it slow. */
static mye_status sort(mye_events *events, mye_error *err)
{
    const size_t n = events->n;
    mye_event *from = events->event, *to = mye_alloc_array(events->ctx, n, sizeof *to);

    if (!to)
        return mye_no_memory(err, n * sizeof *to, "the sorting of events");
    for (size_t run = 1; run < n; run *= 2) {
        for (size_t a = 0; a < n; a += 2 * run) {
            const size_t b = a + run < n ? a + run : n, c = b + run < n ? b + run : n;
            merge(from, a, b, c, to);
        }
        mye_event *swap = from;
        from = to;
        to = swap;
    }
    if (from != events->event) { /* the sorted ones are in the block made here */
        events->capacity = n;
        events->event = from;
    }
    mye_free(events->ctx, to);
    return MYE_OK;
}

mye_status mye_events_finish(mye_events *events, const char *name, mye_error *err)
{
    if (events->n == 0)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: the recording holds no event", name);
    if (!is_sorted(events))
        MYE_TRY(sort(events, err));
    /* Both ends are in [-2^62, 2^62] by the formats, so the difference is exact. */
    if (mye_events_duration(events) > MYE_EVENTS_SPAN_MAX)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: the events span %lld us, more than the %lld that a recording may have",
                        name, (long long)mye_events_duration(events),
                        (long long)MYE_EVENTS_SPAN_MAX);
    return MYE_OK;
}

size_t mye_events_read_bytes(size_t file_bytes, size_t event_bytes)
{
    return file_bytes + 2 * (file_bytes / event_bytes) * sizeof(mye_event);
}

int64_t mye_events_duration(const mye_events *events)
{
    return events->n > 0 ? events->event[events->n - 1].t_us - events->event[0].t_us : 0;
}

void mye_events_free(mye_events *events)
{
    mye_free(events->ctx, events->event);
    events->event = NULL;
    events->n = events->capacity = 0;
}

mye_status mye_events_check(const mye_event *event, size_t index, const char *name, int W, int H,
                            mye_error *err)
{
    if (event->x < W && event->y < H)
        return MYE_OK;
    return mye_fail(err, MYE_ERR_FORMAT,
                    "%s: event %zu is at column %d, row %d, outside of %d columns and %d rows",
                    name, index, event->x, event->y, W, H);
}
