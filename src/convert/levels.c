/*
 * Levels of each layer under a budget of events. Finer thresholds cost events and bring the outputs
 * nearer to the ANN's; how much of either differs from layer to layer. One layer at a time is tried
 * with more and with fewer levels; what that does to the events and to the divergence of the outputs
 * is taken to add up over the layers, and the cheapest set of levels is chosen by one price of events
 * for all. As it does not quite add up, the same is done again around the levels chosen, and the sum
 * is then put right on the network itself.
 *
 * Divergence: of the softmax of the network's mean output from that of the ANN (Kullback, Leibler).
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "convert/levels.h"

enum { IMAGES = 256, TRIES = 7, BISECTIONS = 100, ROUNDS = 2, REPAIRS = 4 };
/* Factors on a layer's levels, of the first round and of the second. */
static const double factor_of[ROUNDS][TRIES] = {{1.0 / 16, 1.0 / 8, 1.0 / 4, 1.0 / 2, 1, 2, 4},
                                                {0.5, 0.63, 0.8, 0.9, 1, 1.25, 1.6}};
enum { AS_BEFORE = 4 }; /* of the factors: 1 */

static void set_levels(const mye_levels *h, int layer, double factor)
{
    mye_weight *theta = mye_node_find(mye_snn_neuron(h->snn, layer), "theta");
    for (size_t i = 0; i < theta->count; i++)
        theta->data[i] = (float)((double)h->theta[layer][i] / factor);
}

/* ---- choosing ---- */

static mye_status try_layers(mye_levels *h, mye_levels_outcome *base, mye_error *err)
{
    MYE_TRY(mye_levels_run(h, base, err));
    for (int l = 0; l < h->c->n_layers; l++) {
        for (int k = 0; k < TRIES; k++) {
            mye_levels_outcome *e = &h->effect[l * TRIES + k];
            *e = (mye_levels_outcome){0};
            if (k == AS_BEFORE)
                continue;
            set_levels(h, l, h->factor[l] * factor_of[h->round][k]);
            MYE_TRY(mye_levels_run(h, e, err));
            e->events -= base->events;
            e->divergence -= base->divergence;
        }
        set_levels(h, l, h->factor[l]);
    }
    return MYE_OK;
}

/* The best choice of every layer at a price of events; what it should come to in events. */
static double choose_at(mye_levels *h, const mye_levels_outcome *base, double price)
{
    double events = base->events;
    for (int l = 0; l < h->c->n_layers; l++) {
        const mye_levels_outcome *e = &h->effect[l * TRIES];
        int best = 0;
        for (int k = 1; k < TRIES; k++)
            if (e[k].divergence + price * e[k].events < e[best].divergence + price * e[best].events)
                best = k;
        h->choice[l] = best;
        events += e[best].events;
    }
    return events;
}

/* The least price at which the choice stays within the budget. */
static void choose(mye_levels *h, const mye_levels_outcome *base, double budget)
{
    double low = 1e-15, high = 1e15;
    for (int i = 0; i < BISECTIONS; i++) {
        const double middle = sqrt(low * high);
        if (choose_at(h, base, middle) > budget)
            low = middle;
        else
            high = middle;
    }
    choose_at(h, base, high);
    for (int l = 0; l < h->c->n_layers; l++) {
        h->factor[l] *= factor_of[h->round][h->choice[l]];
        set_levels(h, l, h->factor[l]);
    }
}

/* All levels times a common factor until the network's own events meet the budget. */
static mye_status repair(mye_levels *h, double budget, mye_levels_outcome *out, mye_error *err)
{
    for (int i = 0; i <= REPAIRS; i++) {
        MYE_TRY(mye_levels_run(h, out, err));
        if (i == REPAIRS || fabs(out->events / budget - 1) < 0.02 || out->events <= 0)
            break;
        for (int l = 0; l < h->c->n_layers; l++) {
            h->factor[l] *= pow(budget / out->events, 1.3);
            set_levels(h, l, h->factor[l]);
        }
    }
    return MYE_OK;
}

/* ---- the whole ---- */

static mye_status check(const mye_conversion *c, const char *method, double share, int T,
                        double *levels, mye_error *err)
{
    mye_method m;
    MYE_TRY(mye_method_parse(c->ctx, &mye_kind_convert, method, &m, err));
    const mye_recipe *r = (const mye_recipe *)(const void *)m.entry;
    const mye_recipe_options *o = m.options;
    const bool many = mye_neuron_has_param(r->neuron, "coef_max");
    *levels = o->levels;
    mye_method_free(c->ctx, &m);
    if (!many)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "neuron '%s' sends one spike at most at a step: levels under a budget want "
                        "burst, aug or exact",
                        r->neuron);
    if (!(share > 0 && share <= 16) || T < 1 || T > 4096)
        return mye_fail(err, MYE_ERR_ARG,
                        "a budget wants a share of the events above 0, at most 16, and 1 to 4096 "
                        "steps, got %g and %d",
                        share, T);
    return MYE_OK;
}

static mye_status take_room(mye_levels *h, mye_error *err)
{
    mye_context *ctx = h->c->ctx;
    const size_t layers = (size_t)h->c->n_layers, K = (size_t)h->K;
    h->logit = mye_alloc_array(ctx, (size_t)h->n * K, sizeof *h->logit);
    h->sum = mye_alloc_array(ctx, (size_t)h->c->batch * K, sizeof *h->sum);
    h->effect = mye_alloc_array(ctx, layers * TRIES, sizeof *h->effect);
    h->choice = mye_alloc_array(ctx, layers, sizeof *h->choice);
    h->factor = mye_alloc_array(ctx, layers, sizeof *h->factor);
    h->theta = mye_alloc_array(ctx, layers, sizeof *h->theta);
    bool ok = h->logit && h->sum && h->effect && h->choice && h->factor && h->theta;
    for (int l = 0; l < h->c->n_layers && ok; l++) {
        const mye_weight *theta = mye_node_find(mye_snn_neuron(h->snn, l), "theta");
        h->theta[l] = mye_alloc_array(ctx, theta->count, sizeof **h->theta);
        ok = h->theta[l] != NULL;
        h->factor[l] = 1;
        if (ok)
            memcpy(h->theta[l], theta->data, theta->count * sizeof *theta->data);
    }
    return ok ? MYE_OK : mye_no_memory(err, 0, "the choice of levels");
}

static mye_status describe(const mye_levels *h, double levels, const mye_levels_outcome *end,
                           double share, mye_convert_budget *out, mye_error *err)
{
    out->layer = mye_alloc_array(h->c->ctx, (size_t)h->c->n_layers, sizeof *out->layer);
    if (out->layer == NULL)
        return mye_no_memory(err, 0, "the chosen levels");
    out->n_layers = h->c->n_layers;
    out->events = end->events;
    out->before = h->base.events;
    out->error = end->error;
    out->error_before = h->base.error;
    for (int l = 0; l < out->n_layers; l++)
        out->layer[l] = (mye_level_row){
            .name = h->c->facts[l].name, .levels = levels * h->factor[l], .before = levels};
    const size_t used = strlen(h->snn->method);
    snprintf(h->snn->method + used, sizeof h->snn->method - used, " at %gx events", share);
    return MYE_OK;
}

static mye_status choose_levels(mye_levels *h, double share, double levels, mye_convert_budget *out,
                                mye_error *err)
{
    mye_levels_outcome end, base;
    MYE_TRY(take_room(h, err));
    MYE_TRY(mye_levels_run_ann(h, err));
    for (h->round = 0; h->round < ROUNDS; h->round++) {
        MYE_TRY(try_layers(h, &base, err));
        if (h->round == 0)
            h->base = base;
        choose(h, &base, share * h->base.events);
    }
    MYE_TRY(repair(h, share * h->base.events, &end, err));
    return describe(h, levels, &end, share, out, err);
}

mye_status mye_convert_levels(mye_conversion *c, const char *method, double share, int T,
                              const mye_callbacks *callbacks, mye_convert_budget *budget,
                              mye_snn **out, mye_error *err)
{
    double levels = 1;
    *out = NULL;
    memset(budget, 0, sizeof *budget);
    MYE_TRY(check(c, method, share, T, &levels, err));
    const mye_callbacks usual = c->callbacks;
    if (callbacks != NULL)
        c->callbacks = *callbacks;
    mye_levels h = {.c = c,
                    .T = T,
                    .K = mye_model_classes(c->folded),
                    .n = c->n_calibrate < IMAGES ? c->n_calibrate : IMAGES};
    mye_status status = mye_convert(c, method, &h.snn, err);
    if (status == MYE_OK)
        status = choose_levels(&h, share, levels, budget, err);
    c->callbacks = usual;
    mye_free(c->ctx, h.logit);
    mye_free(c->ctx, h.sum);
    mye_free(c->ctx, h.effect);
    mye_free(c->ctx, h.choice);
    mye_free(c->ctx, h.factor);
    for (int l = 0; h.theta != NULL && l < c->n_layers; l++)
        mye_free(c->ctx, h.theta[l]);
    mye_free(c->ctx, h.theta);
    if (status == MYE_OK) {
        *out = h.snn;
        return MYE_OK;
    }
    mye_snn_free(h.snn);
    mye_convert_budget_free(c->ctx, budget);
    return status;
}

void mye_convert_budget_free(mye_context *ctx, mye_convert_budget *b)
{
    mye_free(ctx, b->layer);
    b->layer = NULL;
}
