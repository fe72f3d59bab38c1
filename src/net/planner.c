/*
 * Memory planner: offline placement of intervals with known lifetimes.
 *
 * Greedy by size: the largest interval first, each at the lowest offset where nothing that lives at
 * the same time is in the way. Simple, deterministic, and within a few percent of the lower bound
 * (the largest sum of sizes alive at one tick) on the networks that we build.
 */
#include "net/run_internal.h"

#include <stdlib.h>

static bool together(const mye_interval *a, const mye_interval *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Insertion by decreasing size; ties by order of creation, so that the result is reproducible. */
static void sort_by_size(const mye_interval *interval, int n, int *order)
{
    for (int gap = n / 2; gap > 0; gap /= 2)
        for (int i = gap; i < n; i++) {
            const int x = order[i];
            int j = i;
            while (j >= gap) {
                const int y = order[j - gap];
                const bool before = interval[x].bytes > interval[y].bytes ||
                                    (interval[x].bytes == interval[y].bytes && x < y);
                if (!before)
                    break;
                order[j] = y;
                j -= gap;
            }
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

size_t mye_planner_place(mye_interval *interval, int n, int *order)
{
    size_t total = 0;
    for (int i = 0; i < n; i++)
        order[i] = i;
    sort_by_size(interval, n, order);
    for (int i = 0; i < n; i++) {
        mye_interval *x = &interval[order[i]];
        x->offset = x->bytes == 0 ? 0 : lowest_offset(interval, order, i, order[i]);
        if (x->offset + x->bytes > total)
            total = x->offset + x->bytes;
    }
    return total;
}
