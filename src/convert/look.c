#include "convert/convert.h"

#include <math.h>

#include "node/elementwise.h"

/* ---- between the run and who looks on: a stop need not wait for thousands of steps ---- */

typedef struct guard {
    const mye_context *ctx;
    mye_watch watch;
} guard;

static void show_node(void *self, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    const guard *g = self;
    g->watch.node(g->watch.self, p, n, t0, t1);
}

/* A batch that ends early this way is lost: the tester says that it was stopped. */
static bool go_on(void *self, const mye_pass *p, int t1, const float *out)
{
    const guard *g = self;
    const bool more = g->watch.steps == NULL || g->watch.steps(g->watch.self, p, t1, out);
    return more && !mye_context_cancelled(g->ctx);
}

/* What a look needs beside the conversion, and frees. */
typedef struct room {
    guard guard;
    mye_run *run;
    mye_input input;
    mye_loader *loader;
    float *image;
    mye_normalise norm;
} room;

static mye_status open(const mye_conversion *c, const mye_look *look, room *r, mye_error *err)
{
    const mye_checkpoint_input *a = &c->ann.about;
    const int64_t n = (int64_t)a->C * a->H * a->W;
    const mye_run_options options = {.time = "bptt",
                                     .loss = "ce_mean",
                                     .T = look->T,
                                     .B = look->batch > 0 ? look->batch : c->batch,
                                     .exact = look->exact,
                                     .stepwise = look->T > 1,
                                     .keep_packed = true};
    const mye_loader_options loading = {.augment = "", .batch = options.B, .seed = c->seed};
    MYE_TRY(mye_input_create(c->ctx, look->encoder, 0, n, look->T, &r->input, err));
    MYE_TRY(mye_run_create(c->ctx, look->model, &options, &r->run, err));
    r->guard = (guard){c->ctx, look->watch};
    mye_run_set_watch(r->run, (mye_watch){look->watch.node ? show_node : NULL, go_on, &r->guard});
    MYE_TRY(mye_loader_create(c->ctx, look->training_set ? c->train : c->test, &loading, &r->loader,
                              err));
    if (!c->is_scaled && look->grid == 0)
        return MYE_OK;
    static const float zero[4] = {0}, one[4] = {1, 1, 1, 1};
    r->norm = c->is_scaled ? mye_normalise_of(a->C, a->mean, a->deviation)
                           : mye_normalise_of(a->C, zero, one);
    r->image = mye_alloc_array(c->ctx, (size_t)options.B * (size_t)n, sizeof *r->image);
    return r->image ? MYE_OK : mye_no_memory(err, 0, "a batch of images");
}

static void adjust(const void *self, int64_t n, float *image)
{
    const mye_look *look = self;
    const double gain = look->gain == 0 ? 1 : look->gain;
    for (int64_t i = 0; i < n; i++)
        image[i] = (float)(gain * look->grid * rint((double)image[i] / look->grid));
}

static mye_status run(const mye_conversion *c, mye_look *look, room *r, mye_error *err)
{
    const int batch = look->batch > 0 ? look->batch : c->batch;
    mye_teller who = {.callbacks = &c->callbacks,
                      .phase = look->phase,
                      .n = look->n,
                      .batch = batch,
                      .begin_s = mye_now_s()};
    look->tester = (mye_tester){.ctx = c->ctx,
                                .model = look->model,
                                .run = r->run,
                                .input = &r->input,
                                .loader = r->loader,
                                .n = look->n,
                                .over = look->training_set ? mye_dataset_about(c->train)->n : 0,
                                .T = look->T,
                                .from = look->from,
                                .batch = batch,
                                .seed = mye_random_derive(c->seed, UINT64_MAX),
                                .norm = r->image != NULL ? &r->norm : NULL,
                                .image = r->image,
                                .adjust = look->grid != 0 ? adjust : NULL,
                                .adjuster = look,
                                .progress = mye_teller_tell,
                                .self = &who};
    return mye_tester_run(&look->tester, err);
}

mye_status mye_convert_look(const mye_conversion *c, mye_look *look, mye_error *err)
{
    room r = {.run = NULL};
    mye_status status = open(c, look, &r, err);
    if (status == MYE_OK)
        status = run(c, look, &r, err);
    mye_loader_free(r.loader);
    mye_run_free(r.run);
    mye_input_free(&r.input);
    mye_free(c->ctx, r.image);
    return status;
}

mye_status mye_convert_lanes(mye_context *ctx, const mye_model *m, int64_t floats, mye_lane **out,
                             mye_error *err)
{
    const size_t threads = (size_t)mye_context_threads(ctx);
    const mye_pass pass = {.node = m->node};
    size_t most = 0;
    for (int i = 0; i < m->n_nodes; i++) {
        const size_t load = mye_load_lane_bytes(&pass, i, floats);
        most = load > most ? load : most;
    }
    const size_t bytes = most + mye_float_bytes(floats);
    mye_lane *lane = mye_alloc_array(ctx, threads, sizeof *lane);
    unsigned char *base = mye_alloc(ctx, threads * bytes);
    *out = lane;
    if (lane == NULL || base == NULL) {
        mye_free(ctx, lane);
        mye_free(ctx, base);
        *out = NULL;
        return mye_no_memory(err, threads * bytes, "reading a network's values");
    }
    for (size_t i = 0; i < threads; i++)
        lane[i] = (mye_lane){base + i * bytes, bytes, 0};
    return MYE_OK;
}

void mye_convert_lanes_free(mye_context *ctx, mye_lane *lane)
{
    if (lane != NULL)
        mye_free(ctx, lane[0].base);
    mye_free(ctx, lane);
}
