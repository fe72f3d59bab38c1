/*
 * Sums of listed rows: all three passes of the spike-driven way come down to it. A panel's sums stay
 * in registers while the rows are added; there are two sets of them where the register file has
 * room, so that additions need not wait for each other.
 */
#include "kernel/vec/vec.h"

#if defined(__AVX512F__)
#define TWO_SETS 8 /* registers of the widest panel with two sets */
#else
#define TWO_SETS 4
#endif

MYE_INLINE void add_row(const int P, const float *row, const float *value, vec *acc)
{
    const vec x = value ? vec_set1(*value) : vec_set1(1.0f);
    MYE_UNROLL
    for (int v = 0; v < P; v++)
        acc[v] += value ? x * vec_load(row + v * VEC) : vec_load(row + v * VEC);
}

/* Entries [at, end) to acc, and every other one to the second set where there is one. */
MYE_INLINE void add_rows(const int P, const bool weighted, const mye_sparse *t, const float *rows,
                         uint32_t at, uint32_t end, vec acc[][SPIKE_VECS])
{
    const uint16_t *index = t->index;
    const float *value = t->value;
    const int second = P <= TWO_SETS ? 1 : 0;
    for (; at + 2 <= end; at += 2) {
        add_row(P, rows + (ptrdiff_t)index[at] * P * VEC, weighted ? value + at : NULL, acc[0]);
        add_row(P, rows + (ptrdiff_t)index[at + 1] * P * VEC, weighted ? value + at + 1 : NULL,
                acc[second]);
    }
    if (at < end)
        add_row(P, rows + (ptrdiff_t)index[at] * P * VEC, weighted ? value + at : NULL, acc[0]);
}

static inline int clamp(int a, int size)
{
    return a < 0 ? 0 : a > size ? size : a;
}

MYE_INLINE void start_sums(const int P, const float *from, int part, vec acc[][SPIKE_VECS])
{
    MYE_UNROLL
    for (int v = 0; v < P; v++) {
        acc[1][v] = vec_set1(0.0f);
        if (!from)
            acc[0][v] = vec_set1(0.0f);
        else if (v == P - 1 && part)
            acc[0][v] = vec_load_part(from + v * VEC, part);
        else
            acc[0][v] = vec_load(from + v * VEC);
    }
}

MYE_INLINE void store_sums(const int P, float *y, int part, vec acc[][SPIKE_VECS])
{
    MYE_UNROLL
    for (int v = 0; v < P; v++) {
        const vec sum = P <= TWO_SETS ? acc[0][v] + acc[1][v] : acc[0][v];
        if (v == P - 1 && part)
            vec_store_part(y + v * VEC, sum, part);
        else
            vec_store(y + v * VEC, sum);
    }
}

/* One row of points: cells from *start on, for each of the segments. */
MYE_INLINE void sum_line(const int P, const bool weighted, const mye_sparse *t, ptrdiff_t line,
                         int segs, const float *rows, float *y)
{
    const int part = t->width % VEC, size = t->size;
    const uint32_t *starts = t->start + line * size, *ends = t->end + line * size - 1;
    int first = t->from;
    for (int q = 0; q < t->count[0]; q++) {
        const int a = clamp(first, size), b = clamp(first + t->cells, size);
        if (b > a || !t->load) {
            const uint32_t *start = starts + a, *end = ends + b;
            const float *row = rows;
            vec acc[2][SPIKE_VECS];
            start_sums(P, t->load ? y : t->bias, part, acc);
            for (int seg = 0; seg < segs && b > a; seg++) {
                add_rows(P, weighted, t, row, *start, *end, acc);
                start += size;
                end += size;
                row += t->rows_pitch;
            }
            store_sums(P, y, part, acc);
        }
        first += t->from_step;
        rows -= t->rows_step;
        y += t->y_step[0];
    }
}

MYE_INLINE void sum_points(const int P, const bool weighted, const mye_sparse *t)
{
    for (int i = 0; i < t->count[2]; i++) {
        float *y = t->y + i * t->y_step[2];
        int line = t->line0;
        for (int r = 0; r < t->count[1]; r++, line += t->line_step, y += t->y_step[1]) {
            const int lo = t->seg0 < -line ? -line : t->seg0;
            const int hi = t->seg1 < t->lines - line ? t->seg1 : t->lines - line;
            if (hi > lo)
                sum_line(P, weighted, t, (ptrdiff_t)i * t->lines + line + lo, hi - lo,
                         t->rows + lo * t->rows_pitch, y);
            else if (!t->load)
                sum_line(P, weighted, t, 0, 0, t->rows, y);
        }
    }
}

#define SUM_CASE(P)                  \
    case P:                          \
        if (t->value)                \
            sum_points(P, true, t);  \
        else                         \
            sum_points(P, false, t); \
        break;

void MYE_VEC(sparse_sum)(const mye_sparse *t)
{
    switch (t->vecs) {
        SUM_CASE(1)
        SUM_CASE(2)
        SUM_CASE(3)
        SUM_CASE(4)
        SUM_CASE(5)
        SUM_CASE(6)
        SUM_CASE(7)
        SUM_CASE(8)
    default:
        break;
    }
}
