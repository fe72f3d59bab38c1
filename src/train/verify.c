/* Runs a reference case through the code that training uses and compares. */
#include "train/verify_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void probe(void *arg, const mye_node *n, mye_probe_kind kind, mye_at at, const float *x)
{
    const mye_verifier *v = arg;
    mye_seen *s = &v->seen[n->index];
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

/* ---- comparing ---- */

mye_status mye_verify_compare(mye_verifier *v, const char *what, const char *name,
                              const json_t *reference, mye_verify_entry get, const void *self,
                              int64_t count, double *worst, mye_error *err)
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
    if (r->n_items < MYE_VERIFY_ITEMS)
        r->item[r->n_items++] = item;
    return MYE_OK;
}

double mye_verify_float(const mye_verifier *v, const void *self, int64_t i)
{
    (void)v;
    return (double)((const float *)self)[i];
}

double mye_verify_row(const mye_verifier *v, const void *self, int64_t i)
{
    const mye_verify_rows *r = self;
    const int64_t n = mye_shape_size(r->shape);
    (void)v;
    return (double)r->data[i / n * n + mye_case_stored(r->shape, i % n)];
}

static const mye_quantity *quantity_of(const char *name)
{
    const mye_quantity *const lists[] = {mye_quantities_of_weights, mye_quantities_of_nodes};
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++)
        for (const mye_quantity *q = lists[k]; q->name != NULL; q++)
            if (strcmp(name, q->name) == 0)
                return q;
    return NULL;
}

static mye_status check_expectation(mye_verifier *v, const json_t *e, mye_error *err)
{
    const char *name = json_string_value(json_object_get(e, "quantity"));
    const char *key = json_string_value(json_object_get(e, "key"));
    const json_t *ref = key == NULL ? NULL : json_object_get(v->c->root, key);
    if (name == NULL || ref == NULL)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: an entry of expect wants a quantity and a key that exists",
                        v->c->path);
    const mye_quantity *quantity = quantity_of(name);
    if (quantity == NULL)
        return mye_fail(err, MYE_ERR_UNSUPPORTED, "%s: this build cannot compare quantity '%s'",
                        v->c->path, name);
    const int before = v->out->n_items;
    MYE_TRY(quantity->check(v, e, ref, err));
    if (v->out->n_items == before)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: quantity '%s' names nothing that the network has",
                        v->c->path, name);
    return MYE_OK;
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

static mye_status make_seen(mye_verifier *v, mye_error *err)
{
    v->seen = mye_alloc_array(v->ctx, (size_t)v->model->n_nodes, sizeof *v->seen);
    bool ok = v->seen != NULL;
    for (int i = 0; ok && i < v->model->n_nodes; i++) {
        const mye_node *n = v->model->node[i];
        if (n->neuron == NULL)
            continue;
        const size_t one = (size_t)mye_shape_size(n->shape) * (size_t)v->c->B;
        mye_seen *s = &v->seen[i];
        for (int k = 0; ok && k < MYE_PROBE_KINDS; k++) {
            const bool steps = k == MYE_PROBE_SPIKES || k == MYE_PROBE_MEMBRANE;
            s->of[k] = mye_alloc_array(v->ctx, one * (size_t)(steps ? v->c->T : 1), sizeof(float));
            ok = s->of[k] != NULL;
        }
    }
    return ok ? MYE_OK : mye_no_memory(err, 0, "what the probes see");
}

static mye_status run_case(mye_verifier *v, const json_t *entry_, mye_error *err)
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
    mye_verifier v = {.ctx = ctx,
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
    out->item = mye_alloc_array(ctx, MYE_VERIFY_ITEMS, sizeof *out->item);
    mye_error own = {0};
    mye_status status =
        out->item != NULL
            ? MYE_OK
            : mye_no_memory(&own, MYE_VERIFY_ITEMS * sizeof *out->item, "the results");
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
