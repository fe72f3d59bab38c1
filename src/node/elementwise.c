/* What elementwise nodes share: see elementwise.h. */
#include "node/elementwise.h"

/* Least work of a shard: below it, threads cost more than they bring. */
#define SHARD_FLOATS 16384

size_t mye_float_bytes(int64_t n)
{
    return ((size_t)n * sizeof(float) + MYE_ALIGN - 1) / MYE_ALIGN * MYE_ALIGN;
}

size_t mye_double_bytes(int64_t n)
{
    return ((size_t)n * sizeof(double) + MYE_ALIGN - 1) / MYE_ALIGN * MYE_ALIGN;
}

mye_chunks mye_node_chunks(const mye_node *n)
{
    return mye_chunks_of(n->shape, MYE_CHUNK_FLOATS);
}

bool mye_shape_same(mye_shape a, mye_shape b)
{
    const bool vectors = a.h == 1 && a.w == 1;
    return a.c == b.c && a.h == b.h && a.w == b.w && (vectors || a.flat == b.flat);
}

typedef struct chunk_walk {
    const mye_pass *p;
    mye_chunks chunks;
    int t0, t1, n_shards;
    mye_chunk_fn fn;
    void *arg;
} chunk_walk;

static void walk_shard(void *arg, int shard, int lane)
{
    const chunk_walk *w = arg;
    const int64_t items = (int64_t)w->p->B * w->chunks.n_chunks;
    const int64_t first = items * shard / w->n_shards, end = items * (shard + 1) / w->n_shards;
    for (int64_t i = first; i < end; i++) {
        const int b = (int)(i / w->chunks.n_chunks), j = (int)(i % w->chunks.n_chunks);
        for (int t = w->t1 - 1; t >= w->t0; t--)
            w->fn(w->arg, mye_chunk_at(&w->chunks, t, b, j), t == w->t1 - 1, shard,
                  &w->p->lanes.lane[lane]);
    }
}

int mye_chunk_shards(const mye_node *n, const mye_pass *p, int t0, int t1)
{
    const mye_chunks chunks = mye_node_chunks(n);
    const int64_t items = (int64_t)p->B * chunks.n_chunks;
    int64_t shards = chunks.n * p->B * mye_node_steps(n, t0, t1) / SHARD_FLOATS;
    shards = shards > items ? items : shards;
    shards = shards > MYE_CHUNK_SHARDS ? MYE_CHUNK_SHARDS : shards;
    return shards < 1 ? 1 : (int)shards;
}

void mye_each_chunk(const mye_node *n, const mye_pass *p, int t0, int t1, mye_chunk_fn fn,
                    void *arg)
{
    chunk_walk w = {.p = p,
                    .chunks = mye_node_chunks(n),
                    .t0 = t0,
                    .t1 = t0 + mye_node_steps(n, t0, t1),
                    .n_shards = mye_chunk_shards(n, p, t0, t1),
                    .fn = fn,
                    .arg = arg};
    mye_parallel(p->lanes.ctx, w.n_shards, walk_shard, &w);
}

float *mye_grad_place(const mye_pass *p, const mye_node *n, int k, mye_at at, bool last,
                      float *buffer)
{
    bool accumulate;
    float *place = mye_grad_target(p, n, k, at.t, &accumulate);
    const bool sums_time = p->node[n->in[k]]->is_static && !n->is_static && !last;
    if (place == NULL || accumulate || sums_time)
        return buffer;
    return place + at.b * p->value[n->in[k]].n + at.i0;
}

const float *mye_same_load(const mye_node *n, const mye_pass *p, mye_at at, float *dst,
                           mye_lane *lane)
{
    return mye_load(p, n->in[0], at, dst, lane);
}

typedef struct same_backward {
    const mye_node *n;
    const mye_pass *p;
} same_backward;

static void same_chunk(void *arg, mye_at at, bool last, int shard, mye_lane *lane)
{
    const same_backward *s = arg;
    MYE_UNUSED(shard);
    MYE_UNUSED(lane);
    const float *g = mye_grad_row(s->p, s->n->index, at.t, at.b) + at.i0;
    for (int k = 0; k < s->n->n_in; k++)
        mye_grad_put(s->p, s->n, k, at, last, g);
}

void mye_same_backward(const mye_node *n, mye_pass *p, int t0, int t1)
{
    bool work = false;
    for (int k = 0; k < n->n_in; k++)
        work |= mye_grad_wanted(p, n, k) && !p->value[n->in[k]].grad_alias;
    same_backward s = {n, p};
    if (work)
        mye_each_chunk(n, p, t0, t1, same_chunk, &s);
}

typedef struct image_walk {
    const mye_pass *p;
    int t0;
    mye_image_fn fn;
    void *arg;
} image_walk;

static void walk_image(void *arg, int shard, int lane)
{
    const image_walk *w = arg;
    w->fn(w->arg, w->t0 + shard / w->p->B, shard % w->p->B, &w->p->lanes.lane[lane]);
}

void mye_each_image(const mye_node *n, const mye_pass *p, int t0, int t1, mye_image_fn fn,
                    void *arg)
{
    image_walk w = {p, t0, fn, arg};
    mye_parallel(p->lanes.ctx, mye_node_steps(n, t0, t1) * p->B, walk_image, &w);
}
