/* Values and gradients of a pass: where they are, how pieces of them are read and handed on. */
#include <string.h>

#include "node/feedback.h"

static size_t padded(size_t bytes)
{
    return (bytes + MYE_ALIGN - 1) / MYE_ALIGN * MYE_ALIGN;
}

static int64_t row_index(const mye_pass *p, const mye_value *v, int t, int b)
{
    return (int64_t)mye_value_step(p, v, t) * p->B + b;
}

float *mye_value_row(const mye_pass *p, int node, int t, int b)
{
    const mye_value *v = &p->value[node];
    return (float *)v->data + row_index(p, v, t, b) * v->row;
}

uint64_t *mye_value_bits(const mye_pass *p, int node, int t, int b)
{
    const mye_value *v = &p->value[node];
    return (uint64_t *)v->data + row_index(p, v, t, b) * v->row;
}

float *mye_grad_row(const mye_pass *p, int node, int t, int b)
{
    const mye_value *v = &p->value[node];
    return v->grad + row_index(p, v, t, b) * v->n;
}

/* ---- reading values ---- */

const float *mye_load(const mye_pass *p, int node, mye_at at, float *dst, mye_lane *lane)
{
    const mye_value *v = &p->value[node];
    if (p->traced && v->trace != NULL)
        return v->trace + at.b * v->n + at.i0;
    if (v->half != NULL) {
        p->k->bf16_expand(at.n, v->half + row_index(p, v, at.t, at.b) * v->row + at.i0, dst);
        return dst;
    }
    if (v->data == NULL) {
        const mye_node *n = p->node[node];
        return n->type->load(n, p, at, dst, lane);
    }
    if (v->format == MYE_F32)
        return mye_value_row(p, node, at.t, at.b) + at.i0;
    p->k->bits_expand(at.n, mye_value_bits(p, node, at.t, at.b), at.i0, dst);
    if (p->node[node]->scaled)
        p->k->scale(at.n, v->amplitude, dst, dst);
    return dst;
}

void mye_load_into(const mye_pass *p, int node, mye_at at, float *dst, mye_lane *lane)
{
    const float *x = mye_load(p, node, at, dst, lane);
    if (x != dst)
        memcpy(dst, x, (size_t)at.n * sizeof *dst);
}

size_t mye_load_lane_bytes(const mye_pass *p, int node, int64_t n)
{
    const mye_node *v = p->node[node];
    if (v->type->load == NULL)
        return 0;
    size_t most = 0;
    for (int k = 0; k < v->n_in; k++) {
        const size_t bytes = mye_load_lane_bytes(p, v->in[k], n);
        most = bytes > most ? bytes : most;
    }
    const bool two = v->n_in > 1 || mye_feedback_from(v) >= 0;
    return most + (two ? padded((size_t)n * sizeof(float)) : 0);
}

/* The node that stores this node's value: itself, or the one whose value it repeats. */
static int stored_by(const mye_pass *p, int node)
{
    while (p->node[node]->type->flags & MYE_NODE_SAME)
        node = p->node[node]->in[0];
    return node;
}

bool mye_value_is_bits(const mye_pass *p, int node)
{
    const int at = stored_by(p, node);
    const bool traced = p->traced && p->value[at].trace != NULL;
    return p->node[at]->type->load == NULL && p->value[at].format == MYE_BITS && !traced &&
           !p->node[at]->scaled;
}

static void images_read(const void *self, int64_t i, int h0, int h1, float *dst, ptrdiff_t pitch,
                        mye_lane *lane)
{
    const mye_node_images *r = self;
    const mye_pass *p = r->pass;
    const mye_shape s = p->node[r->node]->shape;
    const int64_t width = s.flat || r->one_row ? mye_shape_size(s) : (int64_t)s.w * s.c;
    mye_at at = {r->t0 + (int)(i / p->B), (int)(i % p->B), h0 * width, width};
    /* A virtual node's scratch is planned for one row. */
    if (pitch == width && p->node[r->node]->type->load == NULL) {
        at.n = (h1 - h0) * width;
        mye_load_into(p, r->node, at, dst, lane);
        return;
    }
    for (int h = h0; h < h1; h++, dst += pitch, at.i0 += width)
        mye_load_into(p, r->node, at, dst, lane);
}

static const uint64_t *images_bits(const void *self, int64_t i)
{
    const mye_node_images *r = self;
    const int B = r->pass->B;
    return mye_value_bits(r->pass, stored_by(r->pass, r->node), r->t0 + (int)(i / B), (int)(i % B));
}

mye_images mye_images_of(const mye_node_images *reader)
{
    const mye_pass *p = reader->pass;
    const int at = stored_by(p, reader->node);
    const bool bits = mye_value_is_bits(p, reader->node);
    const mye_value *v = &p->value[at];
    const bool plain = v->half == NULL && v->data != NULL && v->format == MYE_F32;
    const float *floats = plain ? mye_value_row(p, at, reader->t0, 0) : NULL;
    if (p->traced && v->trace != NULL)
        floats = v->trace;
    const mye_images images = {images_read, reader, bits ? images_bits : NULL, floats};
    return images;
}

/* ---- handing gradients on ---- */

/* The same input may stand twice among n->in; the second share adds to the first. */
static bool stands_before(const mye_node *n, int k)
{
    for (int j = 0; j < k; j++)
        if (n->in[j] == n->in[k])
            return true;
    return false;
}

bool mye_grad_wanted(const mye_pass *p, const mye_node *n, int k)
{
    return p->value[n->in[k]].grad != NULL;
}

bool mye_grad_known(const mye_pass *p, int node)
{
    const mye_value *v = &p->value[node];
    return v->grad_from != 0 ? mye_grad_known(p, v->grad_from) : v->grad != NULL;
}

const float *mye_grad_load(const mye_pass *p, int node, mye_at at, float *dst, mye_lane *lane)
{
    const int from = p->value[node].grad_from;
    if (from == 0)
        return mye_grad_row(p, node, at.t, at.b) + at.i0;
    p->node[from]->type->load_grad(p->node[from], p, at, dst, lane);
    return dst;
}

size_t mye_grad_lane_bytes(const mye_pass *p, int node, int64_t n)
{
    const int from = p->value[node].grad_from;
    return from == 0 ? 0 : p->node[from]->type->grad_lane_bytes(p->node[from], p, n);
}

float *mye_grad_target(const mye_pass *p, const mye_node *n, int k, int t0, bool *accumulate)
{
    if (!mye_grad_wanted(p, n, k))
        return NULL;
    *accumulate = p->value[n->in[k]].grad_written || stands_before(n, k);
    return mye_grad_row(p, n->in[k], t0, 0);
}

void mye_grad_put(const mye_pass *p, const mye_node *n, int k, mye_at at, bool last, const float *g)
{
    bool accumulate;
    float *dst = mye_grad_target(p, n, k, at.t, &accumulate);
    if (dst == NULL)
        return;
    dst += at.b * p->value[n->in[k]].n + at.i0;
    if (dst == g)
        return;
    /* The gradient of a static value is the sum over the steps of whoever reads it. */
    if (p->node[n->in[k]]->is_static && !n->is_static && !last)
        accumulate = true;
    if (accumulate)
        p->k->add(at.n, g, dst);
    else
        memcpy(dst, g, (size_t)at.n * sizeof *dst);
}

/* ---- chunks ---- */

static int64_t common_multiple(int64_t a, int64_t b)
{
    int64_t x = a, y = b;
    while (y != 0) {
        const int64_t rest = x % y;
        x = y;
        y = rest;
    }
    return a / x * b;
}

mye_chunks mye_chunks_of(mye_shape s, int64_t limit)
{
    const int64_t n = mye_shape_size(s), unit = common_multiple(s.c, 64);
    int64_t size = unit; /* whole pixels that start at a multiple of 64: it may not get smaller */
    if (limit < 64)
        limit = 64;
    if (unit <= limit) {
        size = limit / unit * unit;
    } else if (s.h == 1 && s.w == 1) {
        size = limit / 64 * 64;
    } else if (s.c % 64 == 0) { /* equal parts of one pixel */
        int64_t blocks = limit / 64;
        while (s.c / 64 % blocks != 0)
            blocks--;
        size = blocks * 64;
    }
    if (size > n || n <= limit)
        size = n;
    const mye_chunks chunks = {n, size, (int)((n + size - 1) / size)};
    return chunks;
}
