/* Timing of steps: see myelin/bench.h. */
#include "myelin/bench.h"

#include "kernel/kernel.h"
#include "net/graph.h"
#include "net/run.h"
#include "step/step.h"
#include "train/train.h"

#include <string.h>

enum { LONGEST = INT32_MAX };

struct mye_bench {
    mye_context *ctx;
    mye_model *model;
    mye_run *run;
    mye_stepper *stepper; /* NULL: inference                                    */
    float *noise;         /* [B][H][W][C] and its labels, where none were given */
    int32_t *noise_label;
    const float *image; /* the batch of the next step */
    mye_bench_input input;
    int B;
    int64_t next;   /* first sample of the next batch */
    int64_t images; /* of all steps so far            */
    double gflop, loss;
    size_t bytes;
};

static void fill(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    const mye_bench *bench = self;
    const int steps = p->value[0].steps == 1 ? 1 : t1 - t0, frames = bench->input.frames;
    const size_t n = (size_t)p->value[0].n, row = (size_t)p->B * n;
    for (int b = 0; b < p->B && frames > 0; b++)
        for (int t = 0; t < steps; t++)
            memcpy(dst + (size_t)t * row + (size_t)b * n,
                   bench->image + ((size_t)b * (size_t)frames + (size_t)(t0 + t)) * n,
                   n * sizeof(float));
    if (frames > 0)
        return;
    for (int t = 0; t < steps; t++)
        memcpy(dst + (size_t)t * row, bench->image, row * sizeof(float));
}

static mye_status make_noise(mye_bench *b, mye_error *err)
{
    const size_t n = (size_t)b->B * (size_t)mye_shape_size(b->model->node[0]->shape);
    b->noise = mye_alloc_array(b->ctx, n, sizeof *b->noise);
    b->noise_label = mye_alloc_array(b->ctx, (size_t)b->B, sizeof *b->noise_label);
    if (b->noise == NULL || b->noise_label == NULL)
        return mye_no_memory(err, n * sizeof *b->noise, "the images of a benchmark");
    for (size_t i = 0; i < n; i++)
        b->noise[i] = mye_random_normal(1, MYE_STREAM_TEST, i);
    for (int i = 0; i < b->B; i++)
        b->noise_label[i] = i % mye_model_classes(b->model);
    b->input.image = b->noise;
    b->input.label = b->noise_label;
    b->input.n = b->B;
    return MYE_OK;
}

static mye_status take_input(mye_bench *b, const mye_bench_input *input, int T, mye_error *err)
{
    if (input != NULL)
        b->input = *input;
    if (b->input.weights != NULL)
        MYE_TRY(mye_weights_load(b->ctx, b->model, b->input.weights, err));
    if (b->input.image == NULL)
        return make_noise(b, err);
    if (b->input.frames > 0 && b->input.frames != T)
        return mye_fail(err, MYE_ERR_SHAPE, "the samples have %d frames, but T is %d",
                        b->input.frames, T);
    if (b->input.n < b->B)
        return mye_fail(err, MYE_ERR_ARG,
                        "a benchmark wants at least a batch of %d images, got %lld", b->B,
                        (long long)b->input.n);
    for (int64_t i = 0; i < b->input.n; i++)
        if (b->input.label[i] < 0 || b->input.label[i] >= mye_model_classes(b->model))
            return mye_fail(err, MYE_ERR_ARG,
                            "image %lld has label %d, but the network has %d outputs", (long long)i,
                            b->input.label[i], mye_model_classes(b->model));
    return MYE_OK;
}

static void move(void *self, int module)
{
    const mye_bench *b = self;
    if (module < 0)
        mye_stepper_apply(b->stepper, 0);
    else
        mye_stepper_apply_module(b->stepper, module, 0);
}

static mye_status prepare(mye_bench *b, const mye_model_options *model,
                          const mye_plan_options *plan, const mye_bench_input *input,
                          mye_error *err)
{
    mye_plan planned;
    mye_run_options run = {.time = plan->time,
                           .loss = plan->loss,
                           .T = plan->T,
                           .B = plan->batch,
                           .training = plan->step != NULL,
                           .exact = plan->exact,
                           .int8 = plan->int8,
                           .keep_packed = plan->keep_packed,
                           .profile = input != NULL && input->profile};
    MYE_TRY(mye_model_create(b->ctx, model, &b->model, err));
    MYE_TRY(mye_plan_make(b->ctx, b->model, plan, &planned, err));
    b->bytes = planned.total_bytes;
    b->gflop = 2e-9 * planned.macs;
    mye_plan_free(b->ctx, &planned);
    MYE_TRY(take_input(b, input, plan->T, err));
    run.immediate = mye_plan_is_immediate(b->model, plan);
    if (run.immediate)
        MYE_TRY(mye_model_share_gradients(b->model, err));
    if (plan->step == NULL)
        mye_model_drop_gradients(b->model);
    MYE_TRY(mye_run_create(b->ctx, b->model, &run, &b->run, err));
    mye_run_set_move(b->run, move, b);
    return plan->step == NULL ? MYE_OK
                              : mye_stepper_create(b->ctx, b->model, plan->step, "constant",
                                                   LONGEST, LONGEST, &b->stepper, err);
}

mye_status mye_bench_create(mye_context *ctx, const mye_model_options *model,
                            const mye_plan_options *plan, const mye_bench_input *input,
                            mye_bench **out, mye_error *err)
{
    *out = NULL;
    mye_bench *b = mye_alloc(ctx, sizeof *b);
    if (b == NULL)
        return mye_no_memory(err, sizeof *b, "a benchmark");
    b->ctx = ctx;
    b->B = plan->batch;
    const mye_status status = prepare(b, model, plan, input, err);
    if (status != MYE_OK)
        mye_bench_free(b);
    else
        *out = b;
    return status;
}

void mye_bench_free(mye_bench *bench)
{
    if (bench == NULL)
        return;
    mye_stepper_free(bench->stepper);
    mye_run_free(bench->run);
    mye_model_free(bench->model);
    mye_free(bench->ctx, bench->noise);
    mye_free(bench->ctx, bench->noise_label);
    mye_free(bench->ctx, bench);
}

mye_status mye_bench_step(mye_bench *bench, double *seconds, mye_error *err)
{
    const mye_shape shape = bench->model->node[0]->shape;
    mye_step_result result;
    const int64_t frames = bench->input.frames > 0 ? bench->input.frames : 1;
    bench->image =
        bench->input.image + bench->next * frames * mye_shape_size(bench->model->node[0]->shape);
    const mye_target target = {.label = bench->input.label + bench->next,
                               .image = bench->input.frames > 0 ? NULL : bench->image,
                               .image_n = mye_shape_size(shape),
                               .image_channels = shape.c};
    bench->next += bench->B;
    if (bench->next + bench->B > bench->input.n)
        bench->next = 0;
    const double start = mye_now_s();
    MYE_TRY(
        mye_run_step(bench->run, bench->B, (mye_source){fill, bench}, &target, 1, &result, err));
    if (bench->stepper != NULL && !mye_run_moves(bench->run))
        move(bench, -1);
    else if (bench->stepper != NULL && mye_run_asked(bench->run)->immediate)
        mye_stepper_advance(bench->stepper);
    *seconds = mye_now_s() - start;
    bench->loss = result.loss;
    bench->images += bench->B;
    return MYE_OK;
}

double mye_bench_loss(const mye_bench *bench)
{
    return bench->loss;
}

int mye_bench_nodes(const mye_bench *bench)
{
    return bench->model->n_nodes;
}

int mye_bench_profile(const mye_bench *bench, mye_profile_row *row)
{
    return mye_profile_rows(bench->run, (double)bench->images, row);
}

double mye_bench_gflop(const mye_bench *bench)
{
    return bench->gflop;
}

size_t mye_bench_bytes(const mye_bench *bench)
{
    return bench->bytes;
}

/* ---- the peak ---- */

typedef struct probe {
    const mye_kernels *k;
    double flop[256];
} probe;

static void probe_shard(void *arg, int shard, int lane)
{
    probe *p = arg;
    MYE_UNUSED(lane);
    p->flop[shard] = p->k->probe(400000);
}

double mye_bench_peak(mye_context *ctx)
{
    probe p = {.k = mye_context_table(ctx)};
    const int threads = mye_context_threads(ctx);
    double best = 0;
    for (int i = 0; i < 6; i++) { /* the first rounds may find a thread asleep */
        const double start = mye_now_s();
        mye_parallel(ctx, threads, probe_shard, &p);
        const double rate = 1e-9 * p.flop[0] * threads / (mye_now_s() - start);
        best = rate > best ? rate : best;
    }
    return best;
}
