/* Moments of a convolution's output: see moments.h. */
#include <string.h>

#include "node/elementwise.h"
#include "node/moments.h"

/* Rows whose float sums are added to the doubles at once. */
#define MOST_ROWS 256

size_t mye_moments_bytes(int shards, const mye_conv_shape *s)
{
    return mye_double_bytes((int64_t)shards * 4 * s->O);
}

size_t mye_moments_lane_bytes(const mye_conv_shape *s)
{
    return mye_float_bytes(3 * (int64_t)s->O);
}

void mye_moments_begin(const mye_moments *m)
{
    memset(m->slot, 0, (size_t)m->shards * 4 * (size_t)m->s->O * sizeof *m->slot);
}

/* Adds `rows` pixels of C channels of the block; part is [3][C]: centre, sum, square. */
static void add_rows(const mye_moments *m, int64_t rows, int64_t C, const float *y, float *part,
                     double *slot)
{
    const int64_t O = m->s->O;
    double *sum = slot + 2 * O, *square = slot + 3 * O;
    memset(part + C, 0, (size_t)(2 * C) * sizeof *part);
    m->k->norm_sums(rows, C, O, y, part, part + C, part + 2 * C);
    for (int64_t c = 0; c < C; c++) {
        slot[c] += (double)rows;
        sum[c] += (double)part[C + c];
        square[c] += (double)part[2 * C + c];
    }
}

void mye_moments_block(void *self, int shard, const mye_conv_block *b, mye_lane *lane)
{
    const mye_moments *m = self;
    const int64_t O = m->s->O, C = b->c1 - b->c0, row = (int64_t)m->s->OW * O;
    const int64_t rows = (int64_t)(b->h1 - b->h0) * m->s->OW;
    const size_t mark = lane->used;
    float *part = mye_lane_take(lane, (size_t)(3 * C) * sizeof *part);
    double *slot = m->slot + (int64_t)shard * 4 * O + b->c0;
    const float *y = m->y + (b->i0 * m->s->OH + b->h0) * row + b->c0;
    for (int64_t c = 0; c < C; c++) {
        if (slot[c] == 0.0)
            slot[O + c] = (double)y[c];
        part[c] = (float)slot[O + c];
    }
    for (int64_t i = b->i0; i < b->i1; i++, y += m->s->OH * row)
        for (int64_t r = 0; r < rows; r += MOST_ROWS)
            add_rows(m, rows - r < MOST_ROWS ? rows - r : MOST_ROWS, C, y + r * O, part, slot);
    lane->used = mark;
}

/* Going down, so that the centre is in the end that of the first shard with this channel. */
static void choose_centers(const mye_moments *m, double *center)
{
    const int64_t O = m->s->O;
    for (int shard = m->shards - 1; shard >= 0; shard--) {
        const double *slot = m->slot + (int64_t)shard * 4 * O;
        for (int64_t c = 0; c < O; c++)
            center[c] = slot[c] > 0.0 ? slot[O + c] : center[c];
    }
}

void mye_moments_end(const mye_moments *m, double *sum)
{
    const int64_t O = m->s->O;
    double *square = sum + O, *center = sum + 2 * O;
    memset(sum, 0, (size_t)(3 * O) * sizeof *sum);
    choose_centers(m, center);
    for (int shard = 0; shard < m->shards; shard++) {
        const double *slot = m->slot + (int64_t)shard * 4 * O;
        for (int64_t c = 0; c < O; c++) {
            const double count = slot[c], s = slot[2 * O + c];
            const double shift = slot[O + c] - center[c]; /* without a count: times nothing */
            sum[c] += s + count * shift;
            square[c] += slot[3 * O + c] + shift * (2.0 * s + count * shift);
        }
    }
}
