/* Comparisons of what single nodes computed: spikes, membranes, rates, statistics. */
#include "train/verify_parts.h"

#include "node/batchnorm.h"

#include <string.h>

/* The reference of one node: in an object by name, or in a list that belongs to `nodes`. */
static const json_t *node_reference(const json_t *e, const json_t *ref, const char *name)
{
    const json_t *value = json_object_get(ref, name);
    size_t i;
    const json_t *x;
    json_array_foreach(json_object_get(e, "nodes"), i, x)
    {
        if (json_is_string(x) && strcmp(json_string_value(x), name) == 0)
            value = json_array_get(ref, i);
    }
    const char *field = json_string_value(json_object_get(e, "field"));
    return field != NULL ? json_object_get(value, field) : value;
}

typedef const float *(*node_data)(const mye_verifier *v, const mye_node *n, int64_t *count);

static mye_status each_node(mye_verifier *v, const json_t *e, const json_t *ref, node_data data,
                            bool in_rows, mye_error *err)
{
    const char *what = json_string_value(json_object_get(e, "quantity"));
    for (int i = 1; i < v->model->n_nodes; i++) {
        const mye_node *n = v->model->node[i];
        const json_t *value = node_reference(e, ref, n->name);
        int64_t count = 0;
        const float *x = value == NULL ? NULL : data(v, n, &count);
        if (x == NULL)
            continue;
        const mye_verify_rows r = {n->shape, x};
        MYE_TRY(
            mye_verify_compare(v, what, n->name, value, in_rows ? mye_verify_row : mye_verify_float,
                               in_rows ? (const void *)&r : x, count, &v->out->worst_other, err));
    }
    return MYE_OK;
}

static const float *seen_kind(const mye_verifier *v, const mye_node *n, mye_probe_kind kind,
                              int steps, int64_t *count)
{
    *count = mye_shape_size(n->shape) * steps * v->c->B;
    return v->seen[n->index].of[kind];
}

#define SEEN(name, kind, steps)                                                               \
    static const float *seen_##name(const mye_verifier *v, const mye_node *n, int64_t *count) \
    {                                                                                         \
        return seen_kind(v, n, kind, steps, count);                                           \
    }
SEEN(spikes, MYE_PROBE_SPIKES, v->c->T)
SEEN(membrane, MYE_PROBE_MEMBRANE, v->c->T)
SEEN(rate, MYE_PROBE_RATE, 1)
SEEN(eligibility, MYE_PROBE_ELIGIBILITY, 1)
SEEN(mask, MYE_PROBE_MASK, 1)
SEEN(beta, MYE_PROBE_BETA, 1)

/* Backward spikes over the steps of the backward simulation. */
static const float *seen_backward_rate(const mye_verifier *v, const mye_node *n, int64_t *count)
{
    mye_seen *s = &v->seen[n->index];
    float *spikes = s->of[MYE_PROBE_BACKWARD_SPIKE];
    *count = mye_shape_size(n->shape) * v->c->B;
    for (int64_t i = 0; s->backward_steps > 0 && i < *count; i++)
        spikes[i] /= (float)s->backward_steps;
    s->backward_steps = 0;
    return spikes;
}

static mye_status check_spikes(mye_verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_node(v, e, ref, seen_spikes, true, err);
}

static mye_status check_membrane(mye_verifier *v, const json_t *e, const json_t *ref,
                                 mye_error *err)
{
    return each_node(v, e, ref, seen_membrane, true, err);
}

static mye_status check_rate(mye_verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_node(v, e, ref, seen_rate, true, err);
}

static mye_status check_eligibility(mye_verifier *v, const json_t *e, const json_t *ref,
                                    mye_error *err)
{
    return each_node(v, e, ref, seen_eligibility, true, err);
}

/* What a node sends, where its spikes are worth something else than 1. */
typedef struct sent {
    mye_verify_rows spikes;
    double amplitude;
} sent;

static double sent_entry(const mye_verifier *v, const void *self, int64_t i)
{
    const sent *s = self;
    return s->amplitude * mye_verify_row(v, &s->spikes, i);
}

static mye_status check_layer_outputs(mye_verifier *v, const json_t *e, const json_t *ref,
                                      mye_error *err)
{
    for (int i = 1; i < v->model->n_nodes; i++) {
        const mye_node *n = v->model->node[i];
        const json_t *value = node_reference(e, ref, n->name);
        if (value == NULL || n->neuron == NULL)
            continue;
        const double amplitude = (double)mye_run_pass(v->run)->value[i].amplitude;
        const sent s = {{n->shape, v->seen[i].of[MYE_PROBE_SPIKES]}, n->scaled ? amplitude : 1.0};
        MYE_TRY(mye_verify_compare(v, "layer_outputs", n->name, value, sent_entry, &s,
                                   mye_shape_size(n->shape) * v->c->T * v->c->B,
                                   &v->out->worst_other, err));
    }
    return MYE_OK;
}

static mye_status check_mask(mye_verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_node(v, e, ref, seen_mask, true, err);
}

static mye_status check_beta(mye_verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_node(v, e, ref, seen_beta, true, err);
}

static mye_status check_backward_rate(mye_verifier *v, const json_t *e, const json_t *ref,
                                      mye_error *err)
{
    return each_node(v, e, ref, seen_backward_rate, true, err);
}

/* Of the last spiking node: what the layers behind it say. */
static mye_status check_grad_at_rates(mye_verifier *v, const json_t *e, const json_t *ref,
                                      mye_error *err)
{
    (void)e;
    int last = v->model->n_nodes - 1;
    while (last > 0 && v->model->node[last]->neuron == NULL)
        last--;
    if (last == 0)
        return MYE_OK; /* compares nothing, and is told so */
    const mye_node *n = v->model->node[last];
    const mye_verify_rows r = {n->shape, v->seen[last].of[MYE_PROBE_RATE_GRADIENT]};
    return mye_verify_compare(v, "grad_at_rates", "", ref, mye_verify_row, &r,
                              mye_shape_size(n->shape) * v->c->B, &v->out->worst_gradient, err);
}

/* Batch statistics of the spike pass' last step; false: not a batch norm node. */
static bool statistics(const mye_verifier *v, const mye_node *n, mye_batchnorm_state *s,
                       int64_t *last)
{
    if (n->type != &mye_node_batchnorm)
        return false;
    *s = mye_batchnorm_state_of(n, mye_run_pass(v->run));
    *last = (int64_t)(s->rows - 1) * n->shape.c;
    return true;
}

static const float *bn_mean(const mye_verifier *v, const mye_node *n, int64_t *count)
{
    int64_t last = 0;
    mye_batchnorm_state s;
    *count = n->shape.c;
    return statistics(v, n, &s, &last) ? s.mean + last : NULL;
}

static const float *bn_var(const mye_verifier *v, const mye_node *n, int64_t *count)
{
    int64_t last = 0;
    mye_batchnorm_state s;
    *count = n->shape.c;
    return statistics(v, n, &s, &last) ? s.var + last : NULL;
}

static mye_status check_bn_mean(mye_verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_node(v, e, ref, bn_mean, false, err);
}

static mye_status check_bn_var(mye_verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_node(v, e, ref, bn_var, false, err);
}

static double square_entry(const mye_verifier *v, const void *self, int64_t i)
{
    const double x = mye_verify_float(v, self, i);
    return x * x;
}

/* 1 / (var + eps) is the square of the reciprocal deviation that the forward pass uses. */
static mye_status check_bn_recip(mye_verifier *v, const json_t *e, const json_t *ref,
                                 mye_error *err)
{
    for (int i = 1; i < v->model->n_nodes; i++) {
        const mye_node *n = v->model->node[i];
        const json_t *value = node_reference(e, ref, n->name);
        int64_t last = 0;
        mye_batchnorm_state s;
        if (value != NULL && statistics(v, n, &s, &last))
            MYE_TRY(mye_verify_compare(v, "bn_recip_var_plus_eps", n->name, value, square_entry,
                                       s.rstd + last, n->shape.c, &v->out->worst_other, err));
    }
    return MYE_OK;
}

const mye_quantity mye_quantities_of_nodes[] = {
    {"backward_firing_rate", check_backward_rate},
    {"beta", check_beta},
    {"bn_mean", check_bn_mean},
    {"bn_recip_var_plus_eps", check_bn_recip},
    {"bn_var", check_bn_var},
    {"eligibility", check_eligibility},
    {"grad_at_rates", check_grad_at_rates},
    {"layer_outputs", check_layer_outputs},
    {"mask", check_mask},
    {"membrane", check_membrane},
    {"rate", check_rate},
    {"spikes", check_spikes},
    {NULL, NULL},
};
