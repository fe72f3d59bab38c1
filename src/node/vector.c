/* Nodes from vector to vector: see vector.h. */
#include "node/vector.h"

mye_status mye_vector_shape(mye_node *n, const mye_shape *in, mye_error *err)
{
    if (!in->flat && (in->h > 1 || in->w > 1))
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (%s) wants a vector, got an image of %dx%dx%d", n->name,
                        n->type->entry.name, in->c, in->h, in->w);
    n->shape = *in;
    n->format = MYE_F32;
    return MYE_OK;
}

typedef struct vector_arg {
    const mye_node *n;
    const mye_pass *p;
    mye_vector_fn fn;
    mye_vector_grad_fn grad_fn;
} vector_arg;

static void forward_row(void *arg, int t, int b, mye_lane *lane)
{
    const vector_arg *a = arg;
    const int64_t K = mye_shape_size(a->n->shape);
    const size_t mark = lane->used;
    const mye_at at = {t, b, 0, K};
    float *buffer = mye_lane_take(lane, (size_t)K * sizeof *buffer);
    a->fn((int)K, mye_load(a->p, a->n->in[0], at, buffer, lane),
          mye_value_row(a->p, a->n->index, t, b));
    lane->used = mark;
}

void mye_vector_forward(const mye_node *n, mye_pass *p, int t0, int t1, mye_vector_fn fn)
{
    vector_arg a = {.n = n, .p = p, .fn = fn};
    mye_each_image(n, p, t0, t1, forward_row, &a);
}

static void backward_row(void *arg, int t, int b, mye_lane *lane)
{
    const vector_arg *a = arg;
    const int64_t K = mye_shape_size(a->n->shape);
    const size_t mark = lane->used;
    const mye_at at = {t, b, 0, K};
    float *buffer = mye_lane_take(lane, (size_t)K * sizeof *buffer);
    float *dx = mye_lane_take(lane, (size_t)K * sizeof *dx);
    const float *x = mye_load(a->p, a->n->in[0], at, buffer, lane);
    a->grad_fn((int)K, x, mye_grad_row(a->p, a->n->index, t, b), dx);
    mye_grad_put(a->p, a->n, 0, at, true, dx);
    lane->used = mark;
}

/* Such a node is static where its input is, so no gradient is summed over steps here. */
void mye_vector_backward(const mye_node *n, mye_pass *p, int t0, int t1, mye_vector_grad_fn fn)
{
    vector_arg a = {.n = n, .p = p, .grad_fn = fn};
    if (mye_grad_wanted(p, n, 0))
        mye_each_image(n, p, t0, t1, backward_row, &a);
}

size_t mye_vector_lane_bytes(const mye_node *n, const mye_pass *p, mye_op op)
{
    const int64_t K = mye_shape_size(n->shape);
    const int rows = op == MYE_OP_BACKWARD ? 2 : 1;
    return (size_t)rows * mye_float_bytes(K) + mye_load_lane_bytes(p, n->in[0], K);
}
