/* Comparing gradients while training: the numbers are right, and nothing else changes. */
#include <math.h>

#include "train/cosine.h"
#include "train_support.h"

#define DATA bars_dir("cosine_data")

/* ---- what a run tells ---- */

enum { EPOCHS_MAX = 8, LAYERS_MAX = 8 };

typedef struct told {
    int n;
    mye_cosine_result result[EPOCHS_MAX];
    mye_layer_cosine layer[EPOCHS_MAX][LAYERS_MAX];
    char reference[MYE_METHOD_MAX];
} told;

static void hear(void *user, const mye_cosine_result *r)
{
    told *t = user;
    assert_true(t->n < EPOCHS_MAX && r->n_layers <= LAYERS_MAX);
    t->result[t->n] = *r;
    memcpy(t->layer[t->n], r->layer, (size_t)r->n_layers * sizeof *r->layer);
    snprintf(t->reference, sizeof t->reference, "%s", r->reference);
    t->n++;
}

static told comparisons_of(const char *time, const char *cosine, const char *epochs)
{
    char dir[1024];
    run_dir("cosine_told", dir);
    mye_config c = small_config(DATA, dir);
    set(&c, "time", time);
    set(&c, "cosine", cosine);
    set(&c, "epochs", epochs);
    told t = {.n = 0};
    const mye_callbacks callbacks = {.cosine = hear, .user = &t};
    ASSERT_OK(train(&c, false, 2, &callbacks, NULL, &err));
    return t;
}

static void a_rule_beside_itself_has_cosine_1_to_the_bit(void **state)
{
    (void)state;
    static const char *const rule[][2] = {
        {"bptt", "bptt"},        {"rate", "rate"}, {"rate:mode=s", "rate"},
        {"bptt:mode=s", "bptt"}, {"sltt", "sltt"}, {"bptt", "bptt:checkpoint=node"}};
    for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
        const told t = comparisons_of(rule[i][0], rule[i][1], "2");
        assert_int_equal(t.n, 3);
        for (int e = 0; e < t.n; e++) {
            const mye_cosine_result *r = &t.result[e];
            assert_int_equal(r->epoch, e);
            assert_int_equal(r->batches, 4);
            assert_int_equal(r->samples, 50); /* three batches of 16, and what is left */
            assert_true(r->cosine == 1.0 && r->norm_ratio == 1.0);
            assert_int_equal(r->n_layers, 2);
            for (int k = 0; k < r->n_layers; k++)
                assert_true(t.layer[e][k].cosine == 1.0 && t.layer[e][k].norm_ratio == 1.0);
        }
    }
}

static void another_rule_points_elsewhere(void **state)
{
    (void)state;
    const told t = comparisons_of("rate", "bptt", "1");
    assert_int_equal(t.n, 2);
    assert_true(t.result[1].cosine > 0.3 && t.result[1].cosine < 0.9999);
    assert_true(t.result[1].norm_ratio > 0.2 && t.result[1].norm_ratio < 5);
    assert_true(t.result[1].cosine != t.result[0].cosine);
}

static void no_training_still_compares_at_first(void **state)
{
    (void)state;
    const told t = comparisons_of("rate", "bptt", "0");
    assert_int_equal(t.n, 1);
    assert_int_equal(t.result[0].epoch, 0);
}

static void a_rule_that_goes_step_by_step_meets_one_that_does_so_too(void **state)
{
    (void)state;
    mye_context *ctx = threads_context(1);
    static const char *const text[][3] = {
        /* asked, beside layer by layer, beside step by step */
        {"bptt", "bptt", "bptt:mode=s"},
        {"rate", "rate", "rate:mode=s"},
        {"sltt", "sltt", "sltt"},
        {"bptt:checkpoint=node", "bptt:checkpoint=node", "bptt:mode=s,checkpoint=node"}};
    char out[MYE_METHOD_MAX];
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        ASSERT_OK(mye_cosine_reference(ctx, text[i][0], false, out, &err));
        assert_string_equal(out, text[i][1]);
        ASSERT_OK(mye_cosine_reference(ctx, text[i][0], true, out, &err));
        assert_string_equal(out, text[i][2]);
    }
    mye_context_free(ctx);
    assert_string_equal(comparisons_of("rate:mode=s", "bptt", "0").reference, "bptt:mode=s");
    assert_string_equal(comparisons_of("rate", "bptt", "0").reference, "bptt");
}

static void rules_that_move_the_weights_are_refused(void **state)
{
    (void)state;
    char dir[1024];
    run_dir("cosine_moves", dir);
    mye_config c = small_config(DATA, dir);
    set(&c, "augment", ""); /* mixed labels are no labels of each step */
    set(&c, "loss", "ce_step");
    set(&c, "time", "ottt:variant=O");
    set(&c, "cosine", "bptt");
    ASSERT_FAILS(train(&c, false, 1, NULL, NULL, &err), MYE_ERR_UNSUPPORTED,
                 "'ottt:variant=O' moves the weights");
    set(&c, "time", "bptt");
    set(&c, "cosine", "ottt:variant=O");
    ASSERT_FAILS(train(&c, false, 1, NULL, NULL, &err), MYE_ERR_UNSUPPORTED,
                 "'ottt:variant=O' moves the weights");
}

/* ---- nothing changes ---- */

static void comparing_changes_no_bit(void **state)
{
    (void)state;
    static const char *const time[] = {"bptt", "rate", "rate:mode=s", "sltt", "ottt"};
    for (size_t i = 0; i < sizeof time / sizeof *time; i++) {
        char plain[1024], compared[1024];
        run_dir("cosine_plain", plain);
        run_dir("cosine_compared", compared);
        mye_config c = small_config(DATA, plain);
        set(&c, "time", time[i]);
        set(&c, "profile", "yes");
        ASSERT_OK(train(&c, false, 2, NULL, NULL, &err));
        set(&c, "cosine", "bptt");
        set(&c, "cosine_batches", "2");
        set(&c, "out", compared);
        ASSERT_OK(train(&c, false, 2, NULL, NULL, &err));
        assert_true(same_file(plain, compared, "last.safetensors"));
        assert_true(same_file(plain, compared, "best.safetensors"));
        char *text = text_file(compared, "metrics.jsonl");
        assert_int_equal(occurrences(text, "\"event\":\"cosine\""), 4);
        mye_free(NULL, text);
    }
}

/* ---- by hand ---- */

/* A model, two runs and held samples, as the trainer would make them. */
typedef struct bench {
    mye_context *ctx;
    mye_dataset *data;
    mye_model *model;
    mye_input input;
    mye_run *run, *reference;
    mye_loader *loader;
    mye_cosine *cosine;
} bench;

enum { B = 8, BATCHES = 3 };
static const uint64_t held = 77;

static mye_run *run_of(const bench *x, const char *time)
{
    const mye_run_options o = {.time = time, .loss = "ce_mean", .T = 3, .B = B, .training = true};
    mye_run *run = NULL;
    ASSERT_OK(mye_run_create(x->ctx, x->model, &o, &run, &err));
    return run;
}

static void bench_make(bench *x, const char *time, const char *reference)
{
    *x = (bench){.ctx = threads_context(2)};
    const mye_model_options m = {.net = "4C3s2-BN-LIF-MP2-6C3-BN-LIF-DO0.2-FC10",
                                 .neuron = "lif",
                                 .C = 1,
                                 .H = 28,
                                 .W = 28,
                                 .classes = 10,
                                 .seed = 3,
                                 .static_input = true};
    const mye_loader_options l = {.augment = "", .normalise = true, .batch = B, .seed = 1};
    ASSERT_OK(mye_dataset_open(x->ctx, "mnist", DATA, "test", &x->data, &err));
    ASSERT_OK(mye_model_create(x->ctx, &m, &x->model, &err));
    ASSERT_OK(mye_input_create(x->ctx, "direct", 0, 28 * 28, 3, &x->input, &err));
    ASSERT_OK(mye_loader_create(x->ctx, x->data, &l, &x->loader, &err));
    x->run = run_of(x, time);
    x->reference = run_of(x, reference);
    const mye_cosine_setting setting = {.run = x->run,
                                        .reference = x->reference,
                                        .input = &x->input,
                                        .loader = x->loader,
                                        .n = mye_dataset_about(x->data)->n,
                                        .batch = B,
                                        .loaded = B,
                                        .batches = BATCHES,
                                        .seed = held};
    ASSERT_OK(mye_cosine_create(x->ctx, x->model, &setting, &x->cosine, &err));
}

static void bench_free(bench *x)
{
    mye_cosine_free(x->cosine);
    mye_run_free(x->run);
    mye_run_free(x->reference);
    mye_loader_free(x->loader);
    mye_input_free(&x->input);
    mye_model_free(x->model);
    mye_dataset_free(x->data);
    mye_context_free(x->ctx);
}

/* The gradient of held batch k under a fresh run of `time`; the caller frees. */
static float *gradient_by_hand(bench *x, const char *time, int k)
{
    const mye_dataset_info *d = mye_dataset_about(x->data);
    const mye_normalise norm = mye_normalise_of(1, d->mean, d->deviation);
    int64_t *order = malloc((size_t)d->n * sizeof *order), index[B];
    float *pixels = malloc(784 * sizeof(float)), *image = malloc(B * 784 * sizeof(float));
    int32_t label[B];
    mye_random_permutation(held, MYE_STREAM_SHUFFLE, 0, d->n, order);
    for (int b = 0; b < B; b++) {
        int class = 0;
        index[b] = order[k * B + b];
        ASSERT_OK(mye_dataset_read(x->data, index[b], pixels, &class, &err));
        mye_normalise_apply(&norm, 784, pixels, image + b * 784);
        label[b] = class;
    }
    mye_run *run = run_of(x, time);
    const mye_source source = mye_input_source(&x->input, B, image, index, held);
    const mye_target target = {.label = label};
    ASSERT_OK(mye_run_step(run, B, source, &target, held, NULL, &err));
    float *copy = malloc(x->model->n_params * sizeof(float));
    memcpy(copy, x->model->grad, x->model->n_params * sizeof(float));
    mye_run_free(run);
    free(order);
    free(pixels);
    free(image);
    return copy;
}

static void add_by_hand(const float *g, const float *r, size_t n, double *cosine, double *ratio)
{
    double gr = 0, gg = 0, rr = 0;
    for (size_t i = 0; i < n; i++) {
        gr += (double)(g[i] * r[i]);
        gg += (double)(g[i] * g[i]);
        rr += (double)(r[i] * r[i]);
    }
    *cosine += gr / (sqrt(gg) * sqrt(rr)) / BATCHES;
    *ratio += sqrt(gg) / sqrt(rr) / BATCHES;
}

static const mye_weight *weight_of(const mye_model *m, const char *name)
{
    for (int i = 0; i < m->n_trainable; i++)
        if (strcmp(m->weight[i]->name, name) == 0)
            return m->weight[i];
    print_error("no weight %s\n", name);
    abort();
}

static void close_to(double a, double b)
{
    if (!(fabs(a - b) < 1e-5))
        fail_msg("%.9g is not %.9g", a, b);
}

static void layers_agree_with_two_runs_by_hand(void **state)
{
    (void)state;
    static const char *const layer[] = {"conv1", "conv2", "fc1"};
    bench x;
    bench_make(&x, "rate", "bptt");
    const mye_cosine_result *r = NULL;
    ASSERT_OK(mye_cosine_measure(x.cosine, 0, &r, &err));
    assert_int_equal(r->n_layers, 3);
    assert_int_equal(r->samples, B * BATCHES);
    double cosine[4] = {0}, ratio[4] = {0};
    for (int k = 0; k < BATCHES; k++) {
        float *g = gradient_by_hand(&x, "rate", k), *p = gradient_by_hand(&x, "bptt", k);
        for (int i = 0; i < 3; i++) {
            char name[32];
            snprintf(name, sizeof name, "%s.weight", layer[i]);
            const mye_weight *w = weight_of(x.model, name);
            const ptrdiff_t at = w->grad - x.model->grad;
            add_by_hand(g + at, p + at, w->count, &cosine[i], &ratio[i]);
        }
        add_by_hand(g, p, x.model->n_params, &cosine[3], &ratio[3]);
        free(g);
        free(p);
    }
    for (int i = 0; i < 3; i++) {
        assert_string_equal(r->layer[i].layer, layer[i]);
        close_to(r->layer[i].cosine, cosine[i]);
        close_to(r->layer[i].norm_ratio, ratio[i]);
        assert_true(r->layer[i].cosine < 1);
    }
    close_to(r->cosine, cosine[3]);
    close_to(r->norm_ratio, ratio[3]);
    bench_free(&x);
}

/* ---- what is put back ---- */

/* Weights, running statistics and ways: what a comparison must leave as it found it. */
typedef struct snapshot {
    float *param, *buffer;
    uint8_t ways[512];
} snapshot;

static void *copy_of(const void *from, size_t bytes)
{
    void *to = malloc(bytes);
    if (to == NULL)
        abort();
    return memcpy(to, from, bytes);
}

static snapshot snapshot_of(const bench *x)
{
    const mye_model *m = x->model;
    snapshot s = {.param = copy_of(m->param, m->n_params * sizeof(float)),
                  .buffer = copy_of(m->buffer, m->n_buffers * sizeof(float))};
    assert_true(mye_run_ways_bytes(x->run) <= sizeof s.ways);
    mye_run_ways_get(x->run, s.ways);
    return s;
}

static void assert_as_before(const bench *x, snapshot *before)
{
    const mye_model *m = x->model;
    snapshot now = snapshot_of(x);
    assert_memory_equal(now.param, before->param, m->n_params * sizeof(float));
    assert_memory_equal(now.buffer, before->buffer, m->n_buffers * sizeof(float));
    assert_memory_equal(now.ways, before->ways, sizeof now.ways);
    free(now.param);
    free(now.buffer);
    free(before->param);
    free(before->buffer);
}

static void statistics_and_ways_are_put_back(void **state)
{
    (void)state;
    bench x;
    bench_make(&x, "rate:mode=s", "bptt:mode=s");
    float *g = gradient_by_hand(&x, "bptt", 0); /* moves the running statistics */
    free(g);
    snapshot before = snapshot_of(&x);
    const mye_cosine_result *r = NULL;
    ASSERT_OK(mye_cosine_measure(x.cosine, 5, &r, &err));
    assert_int_equal(r->epoch, 5);
    assert_as_before(&x, &before);
    const double first = r->cosine;
    ASSERT_OK(mye_cosine_measure(x.cosine, 6, &r, &err));
    assert_true(r->cosine == first); /* nothing is remembered */
    bench_free(&x);
}

static void cancel(void *arg, const mye_node *n, mye_probe_kind kind, mye_at at, const float *v)
{
    (void)n;
    (void)kind;
    (void)at;
    (void)v;
    mye_context_cancel(arg);
}

static void a_stop_between_batches_puts_everything_back(void **state)
{
    (void)state;
    bench x;
    bench_make(&x, "rate", "bptt");
    snapshot before = snapshot_of(&x);
    mye_run_pass(x.reference)->probe = cancel;
    mye_run_pass(x.reference)->probe_arg = x.ctx;
    const mye_cosine_result *r = NULL;
    ASSERT_FAILS(mye_cosine_measure(x.cosine, 0, &r, &err), MYE_ERR_CANCELLED, "");
    assert_null(r);
    assert_as_before(&x, &before);
    bench_free(&x);
}

/* ---- stop and go on ---- */

typedef struct stop {
    mye_context *ctx;
    int64_t epoch;
} stop;

static void stop_in_training(void *user, const mye_progress *p)
{
    const stop *s = user;
    if (strcmp(p->phase, "train") == 0 && p->epoch == s->epoch)
        mye_context_cancel(s->ctx);
}

/* The lines of an event, one behind the other; the caller frees. */
static char *lines_of(const char *dir, const char *event)
{
    char *text = text_file(dir, "metrics.jsonl"), *out = calloc(1, strlen(text) + 1), *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (strstr(line, event))
            strcat(strcat(out, line), "\n");
    mye_free(NULL, text);
    return out;
}

static void a_stopped_run_records_each_epoch_once(void **state)
{
    (void)state;
    char whole[1024], dir[1024];
    run_dir("cosine_whole", whole);
    run_dir("cosine_stopped", dir);
    mye_config c = small_config(DATA, whole);
    set(&c, "time", "rate");
    set(&c, "cosine", "bptt");
    ASSERT_OK(train(&c, false, 1, NULL, NULL, &err));
    set(&c, "out", dir);
    stop s = {.epoch = 2};
    const mye_callbacks callbacks = {.progress = stop_in_training, .user = &s};
    mye_trainer *t = NULL;
    s.ctx = threads_context(1);
    ASSERT_OK(mye_trainer_create(s.ctx, &c, false, &callbacks, &t, &err));
    ASSERT_FAILS(mye_trainer_run(t, NULL, &err), MYE_ERR_CANCELLED, dir);
    mye_trainer_free(t);
    mye_context_free(s.ctx);
    ASSERT_OK(train(&c, true, 2, NULL, NULL, &err));
    char *a = lines_of(whole, "\"event\":\"cosine\""), *b = lines_of(dir, "\"event\":\"cosine\"");
    assert_int_equal(occurrences(a, "\n"), 4);
    assert_string_equal(a, b);
    assert_true(same_file(whole, dir, "last.safetensors"));
    free(a);
    free(b);
}

static void a_run_may_begin_to_compare_when_it_goes_on(void **state)
{
    (void)state;
    char dir[1024];
    run_dir("cosine_later", dir);
    mye_config c = small_config(DATA, dir);
    set(&c, "epochs", "1");
    ASSERT_OK(train(&c, false, 1, NULL, NULL, &err));
    set(&c, "epochs", "2");
    set(&c, "cosine", "rate");
    ASSERT_OK(train(&c, true, 1, NULL, NULL, &err));
    char *lines = lines_of(dir, "\"event\":\"cosine\"");
    assert_int_equal(occurrences(lines, "\n"), 1);
    assert_non_null(strstr(lines, "\"epoch\":2,"));
    free(lines);
}

/* ---- memory ---- */

static void the_planned_bytes_are_the_allocated_bytes(void **state)
{
    (void)state;
    /* The reference lends its memory, borrows, or is the same; its scratch may be the smaller. */
    static const char *const rule[][2] = {
        {"rate", "bptt"}, {"bptt", "rate"}, {"bptt", "bptt"}, {"sltt", "bptt"}};
    char dir[1024];
    double total[4];
    for (int i = 0; i < 4; i++) {
        run_dir("cosine_plan", dir);
        mye_config c = small_config(DATA, dir);
        set(&c, "net", "32C3-BN-LIF-MP2-32C3-BN-LIF-MP2-FC10");
        set(&c, "T", "6");
        set(&c, "epochs", "1");
        set(&c, "time", rule[i][0]);
        set(&c, "cosine", rule[i][1]);
        mye_train_result r;
        ASSERT_OK(train(&c, false, 1, NULL, &r, &err));
        total[i] = (double)r.planned_bytes;
        const double planned = total[i] + (double)r.data_bytes;
        const double slack = 200000; /* the graph, the kernel choice, tables: no arrays */
        if (fabs((double)r.allocated_bytes - planned) >= slack)
            fail_msg("%s beside %s: planned %.0f, allocated %zu", rule[i][0], rule[i][1], planned,
                     r.allocated_bytes);
    }
    /* One arena for both runs: about what the larger rule takes alone. */
    assert_true(total[0] < 1.25 * total[2]);
    assert_true(total[1] < 1.25 * total[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_beside_itself_has_cosine_1_to_the_bit),
        cmocka_unit_test(another_rule_points_elsewhere),
        cmocka_unit_test(no_training_still_compares_at_first),
        cmocka_unit_test(a_rule_that_goes_step_by_step_meets_one_that_does_so_too),
        cmocka_unit_test(rules_that_move_the_weights_are_refused),
        cmocka_unit_test(comparing_changes_no_bit),
        cmocka_unit_test(layers_agree_with_two_runs_by_hand),
        cmocka_unit_test(statistics_and_ways_are_put_back),
        cmocka_unit_test(a_stop_between_batches_puts_everything_back),
        cmocka_unit_test(a_stopped_run_records_each_epoch_once),
        cmocka_unit_test(a_run_may_begin_to_compare_when_it_goes_on),
        cmocka_unit_test(the_planned_bytes_are_the_allocated_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
