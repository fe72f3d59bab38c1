/* Runs a reference case through the code that training uses and compares. */
#include "myelin/verify.h"

#include "net/run_internal.h"
#include "node/batchnorm.h"
#include "train/case.h"
#include "train/case_moves.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_ITEMS 1024

/* What the probe saw of one spiking node, by kind: [T][B][n] of spikes and membranes, [B][n] of the
 * others, storage order; of backward spikes how many there were. */
typedef struct seen {
    float *of[MYE_PROBE_KINDS];
    int backward_steps;
} seen;

typedef struct verifier {
    mye_context *ctx;
    const mye_case *c;
    mye_model *model;
    mye_run *run;
    mye_step_result step;
    mye_case_moves moves;
    seen *seen;       /* [n_nodes] */
    const float *row; /* of all parameters, at the move that is compared */
    double rtol, atol;
    mye_verify_result *out;
} verifier;

static void probe(void *arg, const mye_node *n, mye_probe_kind kind, mye_at at, const float *x)
{
    const verifier *v = arg;
    seen *s = &v->seen[n->index];
    const int64_t row = (int64_t)at.b * mye_shape_size(n->shape) + at.i0;
    if (kind == MYE_PROBE_BACKWARD_SPIKE) {
        for (int64_t i = 0; i < at.n; i++)
            s->of[kind][row + i] += x[i] != 0.0f ? 1.0f : 0.0f;
        if (row == 0) /* one thread */
            s->backward_steps = at.t + 1;
        return;
    }
    const int64_t first = (int64_t)at.t * v->c->B * mye_shape_size(n->shape);
    for (int64_t i = 0; i < at.n; i++)
        s->of[kind][first + row + i] = kind == MYE_PROBE_MASK ? (float)(x[i] > 0.0f) : x[i];
}

/* Where entry i of the reference is in what we computed. */
typedef double (*entry)(const verifier *v, const void *self, int64_t i);

static mye_status compare(verifier *v, const char *what, const char *name, const json_t *reference,
                          entry get, const void *self, int64_t count, double *worst, mye_error *err)
{
    mye_verify_item item = {.passed = true};
    snprintf(item.what, sizeof item.what, "%s%s%s", what, name[0] != '\0' ? " " : "", name);
    mye_case_tensor t;
    MYE_TRY(mye_case_tensor_read(v->c, item.what, reference, &t, err));
    if (t.count != count) {
        mye_free(v->ctx, t.data);
        return mye_fail(err, MYE_ERR_FORMAT, "%s: '%s' has %lld entries, the network makes %lld",
                        v->c->path, item.what, (long long)t.count, (long long)count);
    }
    for (int64_t i = 0; i < count; i++) {
        const double error = fabs(get(v, self, i) - t.data[i]);
        item.largest = fmax(item.largest, fabs(t.data[i]));
        item.error = error > item.error || isnan(error) ? error : item.error;
    }
    mye_free(v->ctx, t.data);
    item.relative = item.error == 0 ? 0 : item.error / fmax(item.largest, 1e-300);
    item.allowed = v->atol + v->rtol * item.largest;
    item.passed = item.error <= item.allowed;
    /* Beside a reference of zero (a bias before batch norm) a relative error says nothing. */
    if (item.largest > v->atol || !item.passed)
        *worst = fmax(*worst, item.relative);
    mye_verify_result *r = v->out;
    r->passed = r->passed && item.passed;
    if (r->n_items < MAX_ITEMS)
        r->item[r->n_items++] = item;
    return MYE_OK;
}

/* ---- entries ---- */

static double number_entry(const verifier *v, const void *self, int64_t i)
{
    (void)v;
    return ((const double *)self)[i];
}

static double float_entry(const verifier *v, const void *self, int64_t i)
{
    (void)v;
    return (double)((const float *)self)[i];
}

/* Rows of one node's value in outside order. */
typedef struct rows {
    mye_shape shape;
    const float *data;
} rows;

static double row_entry(const verifier *v, const void *self, int64_t i)
{
    const rows *r = self;
    const int64_t n = mye_shape_size(r->shape);
    (void)v;
    return (double)r->data[i / n * n + mye_case_stored(r->shape, i % n)];
}

static double input_entry(const verifier *v, const void *self, int64_t i)
{
    const rows *r = self;
    if (v->c->layout != MYE_CASE_BT)
        return row_entry(v, self, i);
    const int64_t n = mye_shape_size(r->shape), T = v->c->T;
    const int64_t t = i % T, j = i / T;
    return (double)r->data[(t * v->c->B + j / n) * n + mye_case_stored(r->shape, j % n)];
}

/* ---- quantities ---- */

static mye_status check_loss(verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    (void)e;
    return compare(v, "loss", "", ref, number_entry, &v->step.loss, 1, &v->out->worst_loss, err);
}

static mye_status check_output(verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    (void)e;
    return compare(v, "output", "", ref, float_entry, v->run->out,
                   (int64_t)v->run->collected * v->c->B * v->run->K, &v->out->worst_output, err);
}

static mye_status check_output_mean(verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    (void)e;
    return compare(v, "output_mean", "", ref, float_entry, v->step.output,
                   (int64_t)v->c->B * v->run->K, &v->out->worst_output, err);
}

static mye_status check_grad_input(verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    (void)e;
    const mye_value *value = &mye_run_pass(v->run)->value[0];
    const rows r = {v->model->node[0]->shape, value->grad};
    if (value->grad == NULL)
        return mye_fail(err, MYE_ERR_UNSUPPORTED, "%s: the rule makes no gradient of the input",
                        v->c->path);
    return compare(v, "grad_input", "", ref, input_entry, &r,
                   (int64_t)value->steps * v->c->B * value->n, &v->out->worst_gradient, err);
}

static bool listed(const json_t *list, const char *name)
{
    size_t i;
    const json_t *x;
    json_array_foreach(list, i, x)
    {
        if (json_is_string(x) && strcmp(json_string_value(x), name) == 0)
            return true;
    }
    return false;
}

/* Calls `check` for each weight (or buffer) of the model that the reference object holds. */
static mye_status each_weight(verifier *v, const json_t *e, const json_t *ref, const char *group,
                              mye_status (*check)(verifier *v, const mye_weight *w, const char *key,
                                                  const json_t *value, mye_error *err),
                              mye_error *err)
{
    for (int i = 1; i < v->model->n_nodes; i++) {
        const json_t *node = mye_case_node(v->c, v->model->node[i]->name);
        const char *role;
        json_t *key, *map = json_object_get(node, group);
        json_object_foreach(map, role, key)
        {
            const char *name = json_string_value(key);
            const json_t *value = json_object_get(ref, name);
            if (value == NULL || listed(json_object_get(e, "except"), name))
                continue;
            MYE_TRY(check(v, mye_node_find(v->model->node[i], role), name, value, err));
        }
    }
    return MYE_OK;
}

static mye_status check_like_weight(verifier *v, const mye_weight *w, const float *stored,
                                    const char *what, const char *key, const json_t *value,
                                    mye_error *err)
{
    float *outside = mye_alloc_array(v->ctx, w->count, sizeof(float));
    if (outside == NULL)
        return mye_no_memory(err, w->count * sizeof(float), key);
    mye_weight_export(w, stored, outside);
    const mye_status status = compare(v, what, key, value, float_entry, outside, (int64_t)w->count,
                                      &v->out->worst_gradient, err);
    mye_free(v->ctx, outside);
    return status;
}

static mye_status check_gradient(verifier *v, const mye_weight *w, const char *key,
                                 const json_t *value, mye_error *err)
{
    return check_like_weight(v, w, w->grad, "grads", key, value, err);
}

static mye_status check_row(verifier *v, const mye_weight *w, const char *key, const json_t *value,
                            mye_error *err)
{
    return check_like_weight(v, w, v->row + (w->data - v->model->param), "step", key, value, err);
}

static mye_status check_buffer(verifier *v, const mye_weight *w, const char *key,
                               const json_t *value, mye_error *err)
{
    return compare(v, "buffers_after", key, value, float_entry, w->data, (int64_t)w->count,
                   &v->out->worst_other, err);
}

static mye_status check_grads(verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_weight(v, e, ref, "params", check_gradient, err);
}

/* A list over steps of objects by parameter: `block` has one row of all parameters for each. */
static mye_status check_moves(verifier *v, const json_t *e, const json_t *ref, const float *block,
                              mye_error *err)
{
    size_t t;
    const json_t *step;
    if (json_array_size(ref) != (size_t)v->moves.t || block == NULL)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: %zu steps are listed, the rule moved %d times",
                        v->c->path, json_array_size(ref), v->moves.t);
    json_array_foreach(ref, t, step)
    {
        v->row = block + t * v->model->n_params;
        MYE_TRY(each_weight(v, e, step, "params", check_row, err));
    }
    return MYE_OK;
}

static mye_status check_grads_per_step(verifier *v, const json_t *e, const json_t *ref,
                                       mye_error *err)
{
    return check_moves(v, e, ref, v->moves.grad, err);
}

static mye_status check_params_after_step(verifier *v, const json_t *e, const json_t *ref,
                                          mye_error *err)
{
    return check_moves(v, e, ref, v->moves.weight, err);
}

static mye_status check_buffers(verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_weight(v, e, ref, "buffers", check_buffer, err);
}

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

typedef const float *(*node_data)(const verifier *v, const mye_node *n, int64_t *count);

static mye_status each_node(verifier *v, const json_t *e, const json_t *ref, node_data data,
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
        const rows r = {n->shape, x};
        MYE_TRY(compare(v, what, n->name, value, in_rows ? row_entry : float_entry,
                        in_rows ? (const void *)&r : x, count, &v->out->worst_other, err));
    }
    return MYE_OK;
}

static const float *seen_kind(const verifier *v, const mye_node *n, mye_probe_kind kind, int steps,
                              int64_t *count)
{
    *count = mye_shape_size(n->shape) * steps * v->c->B;
    return v->seen[n->index].of[kind];
}

#define SEEN(name, kind, steps)                                                           \
    static const float *seen_##name(const verifier *v, const mye_node *n, int64_t *count) \
    {                                                                                     \
        return seen_kind(v, n, kind, steps, count);                                       \
    }
SEEN(spikes, MYE_PROBE_SPIKES, v->c->T)
SEEN(membrane, MYE_PROBE_MEMBRANE, v->c->T)
SEEN(rate, MYE_PROBE_RATE, 1)
SEEN(eligibility, MYE_PROBE_ELIGIBILITY, 1)
SEEN(mask, MYE_PROBE_MASK, 1)
SEEN(beta, MYE_PROBE_BETA, 1)

/* Backward spikes over the steps of the backward simulation. */
static const float *seen_backward_rate(const verifier *v, const mye_node *n, int64_t *count)
{
    seen *s = &v->seen[n->index];
    float *spikes = s->of[MYE_PROBE_BACKWARD_SPIKE];
    *count = mye_shape_size(n->shape) * v->c->B;
    for (int64_t i = 0; s->backward_steps > 0 && i < *count; i++)
        spikes[i] /= (float)s->backward_steps;
    s->backward_steps = 0;
    return spikes;
}

static mye_status check_spikes(verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_node(v, e, ref, seen_spikes, true, err);
}

static mye_status check_membrane(verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_node(v, e, ref, seen_membrane, true, err);
}

static mye_status check_rate(verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_node(v, e, ref, seen_rate, true, err);
}

static mye_status check_eligibility(verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_node(v, e, ref, seen_eligibility, true, err);
}

/* What a node sends, where its spikes are worth something else than 1. */
typedef struct sent {
    rows spikes;
    double amplitude;
} sent;

static double sent_entry(const verifier *v, const void *self, int64_t i)
{
    const sent *s = self;
    return s->amplitude * row_entry(v, &s->spikes, i);
}

static mye_status check_layer_outputs(verifier *v, const json_t *e, const json_t *ref,
                                      mye_error *err)
{
    for (int i = 1; i < v->model->n_nodes; i++) {
        const mye_node *n = v->model->node[i];
        const json_t *value = node_reference(e, ref, n->name);
        if (value == NULL || n->neuron == NULL)
            continue;
        const double amplitude = (double)mye_run_pass(v->run)->value[i].amplitude;
        const sent s = {{n->shape, v->seen[i].of[MYE_PROBE_SPIKES]}, n->scaled ? amplitude : 1.0};
        MYE_TRY(compare(v, "layer_outputs", n->name, value, sent_entry, &s,
                        mye_shape_size(n->shape) * v->c->T * v->c->B, &v->out->worst_other, err));
    }
    return MYE_OK;
}

static mye_status check_mask(verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_node(v, e, ref, seen_mask, true, err);
}

static mye_status check_beta(verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_node(v, e, ref, seen_beta, true, err);
}

static mye_status check_backward_rate(verifier *v, const json_t *e, const json_t *ref,
                                      mye_error *err)
{
    return each_node(v, e, ref, seen_backward_rate, true, err);
}

/* Of the last spiking node: what the layers behind it say. */
static mye_status check_grad_at_rates(verifier *v, const json_t *e, const json_t *ref,
                                      mye_error *err)
{
    (void)e;
    int last = v->model->n_nodes - 1;
    while (last > 0 && v->model->node[last]->neuron == NULL)
        last--;
    if (last == 0)
        return MYE_OK; /* compares nothing, and is told so */
    const mye_node *n = v->model->node[last];
    const rows r = {n->shape, v->seen[last].of[MYE_PROBE_RATE_GRADIENT]};
    return compare(v, "grad_at_rates", "", ref, row_entry, &r, mye_shape_size(n->shape) * v->c->B,
                   &v->out->worst_gradient, err);
}

/* Batch statistics of the spike pass' last step; false: not a batch norm node. */
static bool statistics(const verifier *v, const mye_node *n, mye_batchnorm_state *s, int64_t *last)
{
    if (n->type != &mye_node_batchnorm)
        return false;
    *s = mye_batchnorm_state_of(n, mye_run_pass(v->run));
    *last = (int64_t)(s->rows - 1) * n->shape.c;
    return true;
}

static const float *bn_mean(const verifier *v, const mye_node *n, int64_t *count)
{
    int64_t last = 0;
    mye_batchnorm_state s;
    *count = n->shape.c;
    return statistics(v, n, &s, &last) ? s.mean + last : NULL;
}

static const float *bn_var(const verifier *v, const mye_node *n, int64_t *count)
{
    int64_t last = 0;
    mye_batchnorm_state s;
    *count = n->shape.c;
    return statistics(v, n, &s, &last) ? s.var + last : NULL;
}

static mye_status check_bn_mean(verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_node(v, e, ref, bn_mean, false, err);
}

static mye_status check_bn_var(verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_node(v, e, ref, bn_var, false, err);
}

static double square_entry(const verifier *v, const void *self, int64_t i)
{
    const double x = float_entry(v, self, i);
    return x * x;
}

/* 1 / (var + eps) is the square of the reciprocal deviation that the forward pass uses. */
static mye_status check_bn_recip(verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    for (int i = 1; i < v->model->n_nodes; i++) {
        const mye_node *n = v->model->node[i];
        const json_t *value = node_reference(e, ref, n->name);
        int64_t last = 0;
        mye_batchnorm_state s;
        if (value != NULL && statistics(v, n, &s, &last))
            MYE_TRY(compare(v, "bn_recip_var_plus_eps", n->name, value, square_entry, s.rstd + last,
                            n->shape.c, &v->out->worst_other, err));
    }
    return MYE_OK;
}

static const struct quantity {
    const char *name;
    mye_status (*check)(verifier *v, const json_t *e, const json_t *ref, mye_error *err);
} quantities[] = {
    {"backward_firing_rate", check_backward_rate},
    {"beta", check_beta},
    {"bn_mean", check_bn_mean},
    {"bn_recip_var_plus_eps", check_bn_recip},
    {"bn_var", check_bn_var},
    {"buffers_after", check_buffers},
    {"eligibility", check_eligibility},
    {"grad_at_rates", check_grad_at_rates},
    {"grad_input", check_grad_input},
    {"grads", check_grads},
    {"grads_per_step", check_grads_per_step},
    {"layer_outputs", check_layer_outputs},
    {"loss", check_loss},
    {"mask", check_mask},
    {"membrane", check_membrane},
    {"output", check_output},
    {"output_mean", check_output_mean},
    {"params_after_step", check_params_after_step},
    {"rate", check_rate},
    {"spikes", check_spikes},
};

static mye_status check_expectation(verifier *v, const json_t *e, mye_error *err)
{
    const char *name = json_string_value(json_object_get(e, "quantity"));
    const char *key = json_string_value(json_object_get(e, "key"));
    const json_t *ref = key == NULL ? NULL : json_object_get(v->c->root, key);
    if (name == NULL || ref == NULL)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: an entry of expect wants a quantity and a key that exists",
                        v->c->path);
    for (size_t i = 0; i < sizeof quantities / sizeof *quantities; i++)
        if (strcmp(name, quantities[i].name) == 0) {
            const int before = v->out->n_items;
            MYE_TRY(quantities[i].check(v, e, ref, err));
            if (v->out->n_items == before)
                return mye_fail(err, MYE_ERR_FORMAT,
                                "%s: quantity '%s' names nothing that the network has", v->c->path,
                                name);
            return MYE_OK;
        }
    return mye_fail(err, MYE_ERR_UNSUPPORTED, "%s: this build cannot compare quantity '%s'",
                    v->c->path, name);
}

/* ---- running ---- */

static void fill(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    const mye_case *c = self;
    const int steps = p->value[0].steps == 1 ? 1 : t1 - t0;
    const int64_t row = (int64_t)c->B * p->value[0].n;
    const int from = c->layout == MYE_CASE_B ? 0 : t0;
    memcpy(dst, c->input + from * row, (size_t)(steps * row) * sizeof(float));
}

static mye_status make_seen(verifier *v, mye_error *err)
{
    v->seen = mye_alloc_array(v->ctx, (size_t)v->model->n_nodes, sizeof *v->seen);
    bool ok = v->seen != NULL;
    for (int i = 0; ok && i < v->model->n_nodes; i++) {
        const mye_node *n = v->model->node[i];
        if (n->neuron == NULL)
            continue;
        const size_t one = (size_t)mye_shape_size(n->shape) * (size_t)v->c->B;
        seen *s = &v->seen[i];
        for (int k = 0; ok && k < MYE_PROBE_KINDS; k++) {
            const bool steps = k == MYE_PROBE_SPIKES || k == MYE_PROBE_MEMBRANE;
            s->of[k] = mye_alloc_array(v->ctx, one * (size_t)(steps ? v->c->T : 1), sizeof(float));
            ok = s->of[k] != NULL;
        }
    }
    return ok ? MYE_OK : mye_no_memory(err, 0, "what the probes see");
}

static mye_status run_case(verifier *v, const json_t *entry_, mye_error *err)
{
    char time[512], loss[512];
    const mye_case *c = v->c;
    MYE_TRY(mye_case_rule(c, entry_, time, loss, sizeof time, err));
    MYE_TRY(mye_case_model(c, entry_, &v->model, err));
    MYE_TRY(make_seen(v, err));
    /* The direct way, unless the environment asks for another: these are others' numbers. */
    const bool exact = mye_context_way(v->ctx) == MYE_CONV_ANY;
    const mye_run_options options = {.time = time,
                                     .exact = exact,
                                     .depth = "global",
                                     .loss = loss,
                                     .T = c->T,
                                     .B = c->B,
                                     .training = true,
                                     .input_grad = true};
    MYE_TRY(mye_run_create(v->ctx, v->model, &options, &v->run, err));
    MYE_TRY(mye_case_moves_begin(c, v->model, v->run, &v->moves, err));
    mye_run_pass(v->run)->probe = probe;
    mye_run_pass(v->run)->probe_arg = v;
    const mye_target target = {.label = c->label};
    const mye_source source = {fill, (void *)(uintptr_t)c};
    MYE_TRY(mye_run_step(v->run, c->B, source, &target, 1, &v->step, err));
    size_t i;
    const json_t *e;
    json_array_foreach(json_object_get(entry_, "expect"), i, e)
    {
        MYE_TRY(check_expectation(v, e, err));
    }
    return MYE_OK;
}

static mye_status run_entry(mye_context *ctx, const mye_case *c, const json_t *entry_,
                            const mye_verify_options *o, mye_verify_result *out, mye_error *err)
{
    verifier v = {.ctx = ctx,
                  .c = c,
                  .rtol = o->rtol < 0 ? 1e-3 : o->rtol,
                  .atol = o->atol < 0 ? 1e-5 : o->atol,
                  .out = out};
    const mye_status status = run_case(&v, entry_, err);
    mye_run_free(v.run);
    if (v.moves.ctx != NULL)
        mye_case_moves_end(&v.moves);
    for (int i = 0; v.seen != NULL && i < v.model->n_nodes; i++)
        for (int k = 0; k < MYE_PROBE_KINDS; k++)
            mye_free(ctx, v.seen[i].of[k]);
    mye_free(ctx, v.seen);
    mye_model_free(v.model);
    return status;
}

mye_status mye_verify_file(mye_context *ctx, const char *path, const mye_verify_options *options,
                           mye_verify_result *out, mye_error *err)
{
    static const mye_verify_options defaults = MYE_VERIFY_OPTIONS;
    *out = (mye_verify_result){.passed = true};
    snprintf(out->file, sizeof out->file, "%s", path);
    mye_case c;
    MYE_TRY(mye_case_open(ctx, path, &c, err));
    snprintf(out->name, sizeof out->name, "%s", c.name);
    out->item = mye_alloc_array(ctx, MAX_ITEMS, sizeof *out->item);
    mye_error own = {0};
    mye_status status = out->item != NULL
                            ? MYE_OK
                            : mye_no_memory(&own, MAX_ITEMS * sizeof *out->item, "the results");
    if (options == NULL)
        options = &defaults;
    if (status == MYE_OK)
        status = run_entry(ctx, &c, c.root, options, out, &own);
    size_t i;
    const json_t *also;
    json_array_foreach(json_object_get(c.root, "also"), i, also)
    {
        if (status == MYE_OK)
            status = run_entry(ctx, &c, also, options, out, &own);
    }
    mye_case_close(&c);
    if (status == MYE_ERR_UNSUPPORTED) {
        out->refused = true;
        out->passed = false;
        snprintf(out->message, sizeof out->message, "%s", own.message);
        return MYE_OK;
    }
    if (status != MYE_OK) {
        mye_verify_free(ctx, out);
        if (err != NULL)
            *err = own;
    }
    return status;
}

void mye_verify_free(mye_context *ctx, mye_verify_result *result)
{
    mye_free(ctx, result->item);
    result->item = NULL;
    result->n_items = 0;
}
