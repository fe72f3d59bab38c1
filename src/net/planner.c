/*
 * Memory planner: offline placement of intervals with known lifetimes.
 *
 * Greedy: one interval after the other, each at the lowest offset where nothing that lives at the
 * same time is in the way. Two orders are tried: the largest first, and those first that live at the
 * most crowded moment (the largest of them first). The better one is within a few percent of the
 * lower bound (the largest sum of sizes alive at one tick) on the networks that we build.
 */
#include "net/run_internal.h"

static bool together(const mye_interval *a, const mye_interval *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static bool goes_first(const mye_interval *interval, int x, int y)
{
    const mye_interval *a = &interval[x], *b = &interval[y];
    if (a->rank != b->rank)
        return a->rank > b->rank;
    if (a->bytes != b->bytes)
        return a->bytes > b->bytes;
    return x < y; /* order of creation: the result is reproducible */
}

static void sort(const mye_interval *interval, int n, int *order)
{
    for (int i = 0; i < n; i++)
        order[i] = i;
    for (int gap = n / 2; gap > 0; gap /= 2)
        for (int i = gap; i < n; i++) {
            const int x = order[i];
            int j = i;
            for (; j >= gap && goes_first(interval, x, order[j - gap]); j -= gap)
                order[j] = order[j - gap];
            order[j] = x;
        }
}

/* Lowest free offset for interval x among those already placed, which are order[0..placed). */
static size_t lowest_offset(const mye_interval *interval, const int *order, int placed, int x)
{
    size_t offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < placed; i++) {
            const mye_interval *y = &interval[order[i]];
            if (y->bytes != 0 && together(&interval[x], y) &&
                y->offset < offset + interval[x].bytes && offset < y->offset + y->bytes) {
                offset = y->offset + y->bytes;
                moved = true;
            }
        }
    }
    return offset;
}

static size_t place(mye_interval *interval, int n, int *order)
{
    size_t total = 0;
    sort(interval, n, order);
    for (int i = 0; i < n; i++) {
        mye_interval *x = &interval[order[i]];
        x->offset = x->bytes == 0 ? 0 : lowest_offset(interval, order, i, order[i]);
        if (x->offset + x->bytes > total)
            total = x->offset + x->bytes;
    }
    return total;
}

static void rank_by_size(mye_interval *interval, int n)
{
    for (int i = 0; i < n; i++)
        interval[i].rank = interval[i].bytes;
}

/* What lives grows only where an interval begins. */
static void rank_by_crowd(mye_interval *interval, int n)
{
    for (int i = 0; i < n; i++) {
        interval[i].alive = 0;
        for (int k = 0; k < n; k++)
            if (interval[k].first <= interval[i].first && interval[i].first <= interval[k].last)
                interval[i].alive += interval[k].bytes;
    }
    for (int i = 0; i < n; i++) {
        interval[i].rank = 0;
        for (int k = 0; k < n; k++)
            if (interval[i].first <= interval[k].first && interval[k].first <= interval[i].last &&
                interval[k].alive > interval[i].rank)
                interval[i].rank = interval[k].alive;
    }
}

size_t mye_planner_place(mye_interval *interval, int n, int *order)
{
    rank_by_size(interval, n);
    const size_t by_size = place(interval, n, order);
    rank_by_crowd(interval, n);
    const size_t by_crowd = place(interval, n, order);
    if (by_crowd < by_size)
        return by_crowd;
    rank_by_size(interval, n);
    return place(interval, n, order);
}
