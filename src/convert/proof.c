/*
 * Neuron `exact` beside the quantised ANN. At step T a spiking network of such neurons is the ANN whose
 * activations are theta max(0, floor(u / theta + v0)), on T times the input and T times the biases:
 * one step of the same network. Both are run and their spike counts compared, all neurons of all
 * images: once on a grid of binary fractions, where no sum is rounded and none may differ, once with
 * the network's own weights, where a sum that falls on a threshold may.
 */
#include <math.h>
#include <string.h>

#include "convert/proof.h"

enum { MOST_COUNTS = 1 << 26, MOST_BATCH = 64 };

/* Biases of `of` times a factor. */
static void take_biases(const mye_snn *of, const mye_snn *to, double factor)
{
    for (int i = 0; i < of->model->n_nodes; i++) {
        const mye_weight *from = mye_node_find(of->model->node[i], "bias");
        mye_weight *bias = mye_node_find(to->model->node[i], "bias");
        for (size_t k = 0; bias != NULL && k < bias->count; k++)
            bias->data[k] = (float)((double)from->data[k] * factor);
    }
}

/* ---- one part of the images, one network ---- */

static mye_look look_at(mye_proving *v, int64_t first, int64_t images, int T)
{
    return (mye_look){.model = v->snn->model,
                      .encoder = "direct",
                      .T = T,
                      .n = images,
                      .from = first,
                      .batch = MOST_BATCH,
                      .exact = true,
                      .grid = MYE_GRID_PIXEL};
}

/* differ and classes of every number of steps are added to the rows. */
static mye_status verify_part(mye_proving *v, const mye_snn *spiking, mye_snn *quantised,
                              int64_t first, int64_t images, mye_verify_row *row, mye_error *err)
{
    v->snn = spiking;
    v->images = images;
    mye_look look = look_at(v, first, images, v->steps[v->n_steps - 1]);
    look.phase = "verify";
    look.watch = mye_proof_keep(v);
    v->look = &look;
    MYE_TRY(mye_convert_look(v->c, &look, err));
    v->snn = quantised;
    for (v->at = 0; v->at < v->n_steps; v->at++) {
        mye_look one = look_at(v, first, images, 1);
        one.gain = v->steps[v->at];
        one.watch = mye_proof_compare(v);
        v->look = &one;
        v->differ = v->classes = 0;
        take_biases(spiking, quantised, v->steps[v->at]);
        MYE_TRY(mye_convert_look(v->c, &one, err));
        row[v->at].counts += images * v->width;
        if (v->grid != NULL) {
            row[v->at].differ += v->differ;
        } else {
            row[v->at].differ_own += v->differ;
            row[v->at].classes_own += v->classes;
        }
    }
    return MYE_OK;
}

/* What a part of the images adds up at the last step, before anything is rounded. */
static mye_status see_sums(mye_proving *v, const mye_snn *spiking, mye_snn *quantised,
                           int64_t images, mye_error *err)
{
    const int T = v->steps[v->n_steps - 1];
    v->snn = quantised;
    mye_look look = look_at(v, 0, images, 1);
    look.gain = T;
    look.watch = mye_proof_see(v);
    take_biases(spiking, quantised, T);
    mye_grid_forget(v->grid);
    return mye_convert_look(v->c, &look, err);
}

static void clear_rows(mye_convert_proof *out, bool on_grid)
{
    for (int s = 0; s < out->n_rows; s++) {
        out->row[s].counts = 0;
        if (on_grid)
            out->row[s].differ = 0;
    }
}

static mye_status verify_networks(mye_proving *v, const mye_snn *spiking, mye_snn *quantised,
                                  int64_t images, int64_t part, mye_convert_proof *out,
                                  mye_error *err)
{
    clear_rows(out, v->grid != NULL);
    for (int64_t first = 0; first < images; first += part)
        MYE_TRY(verify_part(v, spiking, quantised, first,
                            images - first < part ? images - first : part, out->row, err));
    return MYE_OK;
}

/* Both networks on a grid with so much room for sums beyond those of the first images. */
static mye_status round_networks(mye_proving *v, mye_snn *spiking, mye_snn *quantised, double room,
                                 int64_t part, mye_error *err)
{
    MYE_TRY(mye_grid_create(quantised->model, MOST_BATCH, v->grid, err));
    MYE_TRY(see_sums(v, spiking, quantised, part, err));
    take_biases(spiking, quantised, 1);
    mye_grid_round(v->grid, spiking, room);
    mye_grid_round(v->grid, quantised, room);
    mye_grid_forget(v->grid);
    return MYE_OK;
}

/* room 0: the networks as they are. */
static mye_status verify_method(mye_proving *v, const char *method, double room, int64_t images,
                                int64_t part, mye_convert_proof *out, mye_error *err)
{
    mye_snn *spiking = NULL, *quantised = NULL;
    mye_grid grid = {NULL};
    v->grid = room > 0 ? &grid : NULL;
    mye_status status = mye_convert(v->c, method, &spiking, err);
    if (status == MYE_OK)
        status = mye_convert(v->c, method, &quantised, err);
    if (status == MYE_OK && room > 0)
        status = round_networks(v, spiking, quantised, room, part, err);
    if (status == MYE_OK)
        status = verify_networks(v, spiking, quantised, images, part, out, err);
    if (status == MYE_OK && room > 0) {
        out->is_exact = mye_grid_was_exact(&grid) && !v->is_bounded;
        out->weight_bits = grid.weight_bits;
    }
    v->grid = NULL;
    mye_grid_free(&grid);
    mye_snn_free(spiking);
    mye_snn_free(quantised);
    return status;
}

static mye_status verify_on_grid(mye_proving *v, const char *method, int64_t images, int64_t part,
                                 mye_convert_proof *out, mye_error *err)
{
    static const double room[] = {2, 4, 16};
    for (int i = 0; i < 3 && !out->is_exact; i++)
        MYE_TRY(verify_method(v, method, room[i], images, part, out, err));
    return MYE_OK;
}

/* ---- the whole ---- */

static mye_status check(const mye_conversion *c, const char *method, const int *steps, int n_steps,
                        mye_error *err)
{
    mye_method m;
    MYE_TRY(mye_method_parse(c->ctx, &mye_kind_convert, method, &m, err));
    const mye_recipe *r = (const mye_recipe *)(const void *)m.entry;
    const mye_recipe_options *o = m.options;
    const double levels = o->levels / o->scale;
    const bool limited = o->coef_max > 0, exact = strcmp(r->neuron, "exact") == 0;
    mye_method_free(c->ctx, &m);
    if (!exact || limited)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "only neurons `exact` without coef_max are the quantised ANN, got '%s'",
                        method);
    if (strcmp(c->input, "direct") != 0)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "the quantised ANN is verified on the image itself (input direct), got "
                        "input %s",
                        c->input);
    MYE_TRY(mye_convert_check_steps(steps, n_steps, err));
    /* The quantised ANN sends a whole count at once. Activations may be several times what the rule's
     * threshold covers, and thresholds on the grid are smaller by sqrt 2 at most. */
    const double most = (double)MYE_TRANSMIT_MOST / 16;
    if (levels * steps[n_steps - 1] > most)
        return mye_fail(err, MYE_ERR_ARG,
                        "spike counts of %g levels over %d steps cannot be verified: levels times "
                        "steps are %.0f at most",
                        levels, steps[n_steps - 1], most);
    return MYE_OK;
}

static mye_status take_room(mye_proving *v, int64_t part, mye_error *err)
{
    mye_context *ctx = v->c->ctx;
    const size_t cells = (size_t)part * (size_t)v->width, steps = (size_t)v->n_steps;
    v->sent = mye_alloc_array(ctx, cells, sizeof *v->sent);
    v->count = mye_alloc_array(ctx, cells * steps, sizeof *v->count);
    v->answer = mye_alloc_array(ctx, (size_t)part * steps, sizeof *v->answer);
    v->sum = mye_alloc_array(ctx, (size_t)MOST_BATCH * (size_t)v->K, sizeof *v->sum);
    if (v->sent == NULL || v->count == NULL || v->answer == NULL || v->sum == NULL)
        return mye_no_memory(err, cells * steps * sizeof *v->count, "spike counts");
    return MYE_OK;
}

static mye_status verify(mye_proving *v, const char *method, int64_t images, mye_convert_proof *out,
                         mye_error *err)
{
    v->first = mye_alloc_array(v->c->ctx, (size_t)v->c->n_layers, sizeof *v->first);
    out->row = mye_alloc_array(v->c->ctx, (size_t)v->n_steps, sizeof *out->row);
    if (v->first == NULL || out->row == NULL)
        return mye_no_memory(err, 0, "the rows of a proof");
    for (int l = 0; l < v->c->n_layers; l++) {
        v->first[l] = v->width;
        v->width += v->c->layer[l].n;
    }
    for (int s = 0; s < v->n_steps; s++)
        out->row[s].T = v->steps[s];
    int64_t part = MOST_COUNTS / (v->width * (v->n_steps + 1));
    part = part < 1 ? 1 : part > images ? images : part;
    MYE_TRY(take_room(v, part, err));
    MYE_TRY(verify_on_grid(v, method, images, part, out, err));
    return verify_method(v, method, 0, images, part, out, err);
}

mye_status mye_convert_verify(mye_conversion *c, const char *method, const int *steps, int n_steps,
                              int64_t images, const mye_callbacks *callbacks,
                              mye_convert_proof *out, mye_error *err)
{
    *out = (mye_convert_proof){.n_rows = n_steps};
    MYE_TRY(check(c, method, steps, n_steps, err));
    const mye_callbacks usual = c->callbacks;
    if (callbacks != NULL)
        c->callbacks = *callbacks;
    if (images <= 0 || images > c->n_test)
        images = c->n_test;
    out->images = images;
    mye_proving v = {.c = c, .steps = steps, .n_steps = n_steps, .K = mye_model_classes(c->folded)};
    const mye_status status = verify(&v, method, images, out, err);
    c->callbacks = usual;
    mye_free(c->ctx, v.first);
    mye_free(c->ctx, v.sent);
    mye_free(c->ctx, v.count);
    mye_free(c->ctx, v.answer);
    mye_free(c->ctx, v.sum);
    if (status != MYE_OK)
        mye_convert_proof_free(c->ctx, out);
    return status;
}

void mye_convert_proof_free(mye_context *ctx, mye_convert_proof *p)
{
    mye_free(ctx, p->row);
    p->row = NULL;
}
