/*
 * Sums of batch norm. Each shard adds float sums of a chunk, taken from values near the mean, to
 * its own doubles; shards are added in their order.
 */
#include <string.h>

#include "node/batchnorm_parts.h"

mye_norm_part mye_norm_channels(const mye_node *n, mye_at at)
{
    const int64_t C = n->shape.c;
    const bool whole = at.n >= C;
    const mye_norm_part ch = {whole ? at.n / C : 1, whole ? C : at.n, at.i0 % C};
    return ch;
}

static void sum_chunk(void *arg, mye_at at, bool last, int shard, mye_lane *lane)
{
    const mye_norm_group *s = arg;
    const mye_kernels *k = s->p->k;
    const mye_norm_part ch = mye_norm_channels(s->n, at);
    MYE_UNUSED(last);
    const size_t mark = lane->used;
    float *buffer = mye_lane_take(lane, (size_t)at.n * sizeof *buffer);
    float *part = mye_lane_take(lane, (size_t)(s->n_sums * ch.width) * sizeof *part);
    const float *x = mye_load(s->p, s->n->in[0], at, buffer, lane);
    const float *center = s->center + ch.c0;
    memset(part, 0, (size_t)(s->n_sums * ch.width) * sizeof *part);
    if (s->n_sums == 2)
        k->norm_sums(ch.rows, ch.width, ch.width, x, center, part, part + ch.width);
    else
        k->norm_grad_sums(ch.rows, ch.width, mye_grad_row(s->p, s->n->index, at.t, at.b) + at.i0, x,
                          center, part, part + ch.width, part + 2 * ch.width);
    const int64_t C = s->n->shape.c;
    double *sum = s->sum + (int64_t)shard * s->n_sums * C + ch.c0;
    for (int i = 0; i < s->n_sums; i++)
        for (int64_t c = 0; c < ch.width; c++)
            sum[i * C + c] += (double)part[i * ch.width + c];
    lane->used = mark;
}

void mye_norm_sum(mye_norm_group *s)
{
    const int64_t C = s->n->shape.c, size = s->n_sums * C;
    const int shards = mye_chunk_shards(s->n, s->p, s->t0, s->t1);
    memset(s->sum, 0, (size_t)(shards * size) * sizeof *s->sum);
    mye_each_chunk(s->n, s->p, s->t0, s->t1, sum_chunk, s);
    for (int shard = 1; shard < shards; shard++)
        for (int64_t i = 0; i < size; i++)
            s->sum[i] += s->sum[shard * size + i];
}
