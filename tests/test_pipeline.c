/* The pipeline: groups of modules on threads of their own give the numbers of one batch after the
 * other. */
#include "depth_support.h"

#include "step/step.h"
#include "train/pipeline.h"

enum { B = 4, BATCHES = 7, STEPS = 3 };

static const cut_net nets[] = {
    {"4C3-BN-LIF-6C3-BN-LIF-MP2-6C3-BN-LIF-8C3-BN-LIF-FC10", "lif", "auglocal:a=1", 2, 12},
    {"resnet20:width=0.5", "relu", "dgl", 3, 16},
    {"sew-resnet18:width=0.125", "lif", "greedy", 3, 16},
    {"preact-resnet18:width=0.125", "lif", "auglocal:a=2", 3, 16},
    {"8C3-BN-RELU-8C3-BN-RELU-8C3-BN-RELU-GAP-FC10", "relu", "infopro", 3, 8},
};
static const char *const rules[] = {
    "bptt",           "bptt:mode=s", "bptt:checkpoint=node", "bptt:checkpoint=block",
    "bptt:keep=bf16", "rate"};

/* A batch: labels, images, seed. The last one is smaller. */
typedef struct data {
    uint64_t seed;
    int32_t label[B];
    float image[B * 3 * 16 * 16];
    mye_target target;
} data;

static void make_data(data *d, int index, mye_shape shape)
{
    d->seed = (uint64_t)(100 + index);
    for (int b = 0; b < B; b++)
        d->label[b] = (index + 3 * b) % 10;
    for (int64_t i = 0; i < B * mye_shape_size(shape); i++)
        d->image[i] = mye_random_uniform(d->seed, MYE_STREAM_TEST, (uint64_t)i);
    d->target = (mye_target){.label = d->label,
                             .image = d->image,
                             .image_n = mye_shape_size(shape),
                             .image_channels = shape.c};
}

static int size_of(int index)
{
    return index == BATCHES - 1 ? B - 1 : B;
}

typedef struct outcome {
    float *param, *buffer;
    double loss[BATCHES], norm[BATCHES];
    int64_t correct[BATCHES];
} outcome;

static void move(void *self, int module)
{
    mye_stepper_apply_module(self, module, 0.5);
}

static void keep_model(const mye_model *model, outcome *out)
{
    out->param = malloc(model->n_params * sizeof(float));
    out->buffer = malloc((model->n_buffers + 1) * sizeof(float));
    memcpy(out->param, model->param, model->n_params * sizeof(float));
    memcpy(out->buffer, model->buffer, model->n_buffers * sizeof(float));
}

static mye_run_options run_options(const cut_net *net, const char *time)
{
    return (mye_run_options){.time = time,
                             .loss = "ce_mean",
                             .T = strcmp(net->neuron, "relu") == 0 ? 1 : STEPS,
                             .B = B,
                             .training = true,
                             .immediate = true};
}

static mye_stepper *stepper_of(mye_context *ctx, mye_model *model)
{
    mye_stepper *s = NULL;
    assert_int_equal(mye_stepper_create(ctx, model, "sgd:lr=0.1,momentum=0.9,weight_decay=1e-3",
                                        "cosine", BATCHES, BATCHES, &s, NULL),
                     MYE_OK);
    return s;
}

static void one_after_the_other(mye_context *ctx, const cut_net *net, const char *time,
                                outcome *out)
{
    mye_model *model = cut_model(ctx, *net);
    mye_stepper *stepper = stepper_of(ctx, model);
    const mye_run_options o = run_options(net, time);
    mye_run *run = NULL;
    data d;
    mye_error err = {0};
    if (mye_run_create(ctx, model, &o, &run, &err) != MYE_OK)
        fail_msg("%s, %s: %s", net->net, time, err.message);
    mye_run_set_move(run, move, stepper);
    for (int i = 0; i < BATCHES; i++) {
        mye_step_result r;
        make_data(&d, i, model->node[0]->shape);
        assert_int_equal(
            mye_run_step(run, size_of(i), (mye_source){fill, &d.seed}, &d.target, d.seed, &r, NULL),
            MYE_OK);
        mye_stepper_advance(stepper);
        out->loss[i] = r.loss;
        out->correct[i] = r.correct;
    }
    keep_model(model, out);
    mye_run_free(run);
    mye_stepper_free(stepper);
    mye_model_free(model);
}

static mye_source noise_of(void *unused, const mye_pipeline_batch *batch)
{
    (void)unused;
    static uint64_t seed; /* one batch at a time is being filled */
    seed = batch->seed;
    return (mye_source){fill, &seed};
}

static void take_one(mye_pipeline *p, int *taken, outcome *out)
{
    mye_pipeline_result r;
    mye_status status;
    mye_error err = {0};
    assert_true(mye_pipeline_take(p, &r, &status, &err));
    if (status != MYE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(r.index[0], *taken); /* in their order */
    assert_int_equal(r.B, size_of(*taken));
    assert_true(r.norm > 0);
    out->loss[*taken] = r.loss;
    out->correct[(*taken)++] = r.correct;
}

static void in_a_pipeline(mye_context *ctx, const cut_net *net, const char *time, int stages,
                          outcome *out)
{
    static data d;
    static int64_t index[B];
    mye_model *model = cut_model(ctx, *net);
    mye_stepper *stepper = stepper_of(ctx, model);
    const mye_pipeline_options o = {.run = run_options(net, time),
                                    .stages = stages,
                                    .threads = 1,
                                    .sample = mye_shape_size(model->node[0]->shape),
                                    .clip = 0.5};
    mye_pipeline *p = NULL;
    mye_error err = {0};
    if (mye_pipeline_create(ctx, model, stepper, &o, noise_of, NULL, &p, &err) != MYE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(mye_pipeline_first(p, 0), 0);
    for (int s = 0; s < stages; s++)
        assert_true(mye_pipeline_first(p, s) < mye_pipeline_first(p, s + 1));
    assert_int_equal(mye_pipeline_first(p, stages), mye_model_modules(model));
    int taken = 0;
    for (int i = 0; i < BATCHES; i++) {
        while (!mye_pipeline_has_room(p))
            take_one(p, &taken, out);
        make_data(&d, i, model->node[0]->shape);
        for (int b = 0; b < B; b++)
            index[b] = i;
        const mye_pipeline_batch batch = {.B = size_of(i),
                                          .image = d.image,
                                          .index = index,
                                          .target = d.target,
                                          .seed = d.seed,
                                          .when = mye_stepper_now(stepper)};
        mye_pipeline_put(p, &batch);
        mye_stepper_advance(stepper);
    }
    while (taken < BATCHES)
        take_one(p, &taken, out);
    keep_model(model, out);
    mye_pipeline_free(p);
    mye_stepper_free(stepper);
    mye_model_free(model);
}

static void compare(mye_context *ctx, const cut_net *net, const char *time, int stages)
{
    outcome a, b;
    mye_model *model = cut_model(ctx, *net);
    one_after_the_other(ctx, net, time, &a);
    in_a_pipeline(ctx, net, time, stages, &b);
    for (int i = 0; i < BATCHES; i++)
        if (a.loss[i] != b.loss[i] || a.correct[i] != b.correct[i])
            fail_msg("%s, %s, %s, %d stages: loss of batch %d is %.9g, in a pipeline %.9g",
                     net->net, net->depth, time, stages, i, a.loss[i], b.loss[i]);
    if (memcmp(a.param, b.param, model->n_params * sizeof(float)) != 0 ||
        memcmp(a.buffer, b.buffer, model->n_buffers * sizeof(float)) != 0)
        fail_msg("%s, %s, %s, %d stages: not the same weights", net->net, net->depth, time, stages);
    free(a.param);
    free(a.buffer);
    free(b.param);
    free(b.buffer);
    mye_model_free(model);
}

static void numbers_are_those_of_one_thread(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    for (size_t n = 0; n < sizeof nets / sizeof *nets; n++)
        for (size_t r = 0; r < sizeof rules / sizeof *rules; r++)
            if (strcmp(rules[r], "rate") != 0 || strcmp(nets[n].neuron, "lif") == 0)
                compare(ctx, &nets[n], rules[r], 2);
    compare(ctx, &nets[0], "bptt", 3);
    compare(ctx, &nets[1], "bptt", 10);
    compare(ctx, &nets[1], "bptt", 1);
    mye_context_free(ctx);
}

static void what_makes_no_pipeline_is_refused(void **state)
{
    static const struct {
        const char *time;
        int stages;
        const char *says;
    } row[] = {{"bptt", 4, "1 to 3 groups"},
               {"bptt", 0, "1 to 3 groups"},
               {"sltt", 2, "finished before the next"},
               {"rate:mode=s", 2, "holds one at a time"}};
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = cut_model(ctx, nets[0]);
    mye_stepper *stepper = stepper_of(ctx, model);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const mye_pipeline_options o = {.run = run_options(&nets[0], row[i].time),
                                        .stages = row[i].stages,
                                        .threads = 1,
                                        .sample = mye_shape_size(model->node[0]->shape)};
        mye_pipeline *p = NULL;
        mye_error err = {0};
        assert_int_not_equal(mye_pipeline_create(ctx, model, stepper, &o, noise_of, NULL, &p, &err),
                             MYE_OK);
        if (strstr(err.message, row[i].says) == NULL)
            fail_msg("%s", err.message);
    }
    mye_stepper_free(stepper);
    mye_model_free(model);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_those_of_one_thread),
        cmocka_unit_test(what_makes_no_pipeline_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
