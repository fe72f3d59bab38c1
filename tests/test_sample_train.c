/* Sample policies within training: all points of the product, plain training at ratio 0, resume. */
#include <math.h>

#include "io/safetensors.h"
#include "sample/sample.h"
#include "train_support.h"

#define DATA bars_dir("sample_data")

typedef struct point {
    const char *net, *time, *depth, *step, *loss, *neuron;
} point;

#define CONV  "4C3s2-BN-LIF-MP2-DO0.1-FC10"
#define THREE "4C3s2-BN-LIF-4C3-BN-LIF-MP2-4C3-BN-LIF-FC10"

static const point points[] = {
    {CONV, "bptt", "global", "adamw:lr=0.01", "ce_mean", "lif"},
    {CONV, "bptt:checkpoint=node", "global", "sgd:lr=0.1,momentum=0.9", "ce_step", "lif"},
    {CONV, "rate", "global", "adam:lr=0.01", "mse_mean", "lif"},
    {CONV, "sltt", "global", "sgd:lr=0.1", "ce_step", "lif"},
    {CONV, "ottt", "global", "sgd:lr=0.1", "ce_mse", "lif"},
    {CONV, "ottt:variant=O", "global", "sgd:lr=0.1", "ce_step", "lif"},
    {CONV, "dsr", "global", "sgd:lr=0.1", "ce_mean", "dsr_if"},
    {"FC20-BN-FB(FC20(bias=no))-IF(theta=2,subtract=2)-FC10", "spide", "global", "sgd:lr=0.1",
     "ce_mean", "if"},
    {THREE, "bptt", "auglocal:a=1", "adamw:lr=0.01", "ce_mean", "lif"},
    {THREE, "rate", "auglocal:a=1", "adamw:lr=0.01", "ce_mean", "lif"},
    {THREE, "sltt", "dgl", "sgd:lr=0.1", "ce_step", "lif"},
    {THREE, "bptt", "predsim", "sgd:lr=0.1", "ce_mean", "lif"},
    {THREE, "bptt", "infopro", "sgd:lr=0.1", "ce_mean", "lif"},
    {THREE, "bptt", "dfa", "sgd:lr=0.1", "ce_mean", "lif"},
};
enum { POINTS = sizeof points / sizeof *points };

static mye_config config_of(const point *p, const char *sample, const char *name, char dir[1024])
{
    run_dir(name, dir);
    mye_config c = small_config(DATA, dir);
    set(&c, "encoder", "direct");
    set(&c, "net", p->net);
    set(&c, "time", p->time);
    set(&c, "depth", p->depth);
    set(&c, "step", p->step);
    set(&c, "loss", p->loss);
    set(&c, "neuron", p->neuron);
    set(&c, "sample", sample);
    return c;
}

/* All weights, buffers and optimiser state. */
static bool same_weights(const char *a, const char *b)
{
    mye_context *ctx = threads_context(1);
    mye_st *x = NULL, *y = NULL;
    ASSERT_OK(mye_st_open(ctx, path_of(0, a, "last.safetensors"), &x, &err));
    ASSERT_OK(mye_st_open(ctx, path_of(1, b, "last.safetensors"), &y, &err));
    bool same = true;
    int compared = 0;
    for (int i = 0; i < mye_st_count(x); i++) {
        const mye_st_tensor *t = mye_st_at(x, i);
        if (strncmp(t->name, "state.sample", 12) == 0)
            continue;
        const mye_st_tensor *u = mye_st_find(y, t->name);
        static unsigned char raw[2][1 << 20];
        assert_true(u != NULL && t->bytes == u->bytes && t->bytes <= sizeof raw[0]);
        ASSERT_OK(mye_st_read_raw(x, t, t->dtype, t->count, raw[0], &err));
        ASSERT_OK(mye_st_read_raw(y, u, t->dtype, t->count, raw[1], &err));
        same = same && memcmp(raw[0], raw[1], t->bytes) == 0;
        compared++;
    }
    assert_true(compared > 5);
    mye_st_close(x);
    mye_st_close(y);
    mye_context_free(ctx);
    return same;
}

/* T7: the very weights of policy `all`, at every kind of rule. */
static void ratio_zero_is_plain_training(void **state)
{
    static const char *const zero[] = {"sadp:rho=0", "random:rho=0", "short:rho=0",
                                       "static-random:rho=0"};
    (void)state;
    for (int i = 0; i < POINTS; i++) {
        char plain[1024], pruned[1024];
        const mye_config a = config_of(&points[i], "all", "sample_plain", plain);
        const mye_config b = config_of(&points[i], zero[i < 8 ? 0 : i % 4], "sample_zero", pruned);
        ASSERT_OK(train(&a, false, 2, NULL, NULL, &err));
        ASSERT_OK(train(&b, false, 2, NULL, NULL, &err));
        if (!same_weights(plain, pruned))
            fail_msg("%s, %s, %s: other weights than those of all", points[i].time, points[i].depth,
                     b.sample);
    }
}

/* Every policy there is, at every point. */
static void all_points_of_the_product_train(void **state)
{
    (void)state;
    for (const mye_entry *const *e = mye_kind_sample.entries; *e != NULL; e++)
        for (int i = 0; i < POINTS; i++) {
            char dir[1024];
            mye_train_result r;
            mye_error why = {0};
            mye_config c = config_of(&points[i], (*e)->name, "sample_point", dir);
            set(&c, "epochs", "4");
            if (train(&c, false, 2, NULL, &r, &why) != MYE_OK)
                fail_msg("%s, %s, %s: %s", (*e)->name, points[i].time, points[i].depth,
                         why.message);
            assert_true(isfinite(r.last.train_loss) && isfinite(r.last.test_loss));
            assert_true(r.visited > 0 && r.visited <= 1.0001);
        }
}

/* T10: stopped in the middle of a pruned epoch. */
typedef struct stop {
    mye_context *ctx;
    int64_t epoch, done;
} stop;

static void stop_there(void *user, const mye_progress *p)
{
    const stop *s = user;
    if (strcmp(p->phase, "train") == 0 && p->epoch == s->epoch && p->done == s->done)
        mye_context_cancel(s->ctx);
    else if (p->done < p->total)
        usleep(210000); /* progress is told a few times a second: let no batch pass untold */
}

static void resume_with(const point *p, const char *sample, const char *pipeline)
{
    char whole[1024], dir[1024];
    mye_config a = config_of(p, sample, "sample_whole", whole);
    mye_config b = config_of(p, sample, "sample_parts", dir);
    mye_train_result ra, rb;
    stop s = {.ctx = threads_context(1), .epoch = 2, .done = 1};
    const mye_callbacks callbacks = {.progress = stop_there, .user = &s};
    mye_trainer *t = NULL;
    mye_error why = {0};
    set(&b, "pipeline", pipeline);
    ASSERT_OK(train(&a, false, 1, NULL, &ra, &err));
    ASSERT_OK(mye_trainer_create(s.ctx, &b, false, &callbacks, &t, &err));
    assert_int_equal(mye_trainer_run(t, NULL, &why), MYE_ERR_CANCELLED);
    mye_trainer_free(t);
    mye_context_free(s.ctx);
    ASSERT_OK(train(&b, true, 2, NULL, &rb, &err));
    if (!same_file(whole, dir, "last.safetensors"))
        fail_msg("%s, %s, %s: resumed to other bytes", p->time, p->depth, sample);
    assert_true(same_file(whole, dir, "scores.csv"));
    assert_true(ra.visited == rb.visited && ra.visited < 0.9);
}

static void a_stopped_run_goes_on_with_the_same_samples(void **state)
{
    (void)state;
    resume_with(&points[0], "sadp:rho=0.4,warm=1,anneal=0,statistics=40", "1");
    resume_with(&points[2], "sadp:rho=0.4,score=delta,schedule=adaptive,stratify=yes,anneal=0",
                "1");
    resume_with(&points[3], "sadp:rho=0.4,score=count,cost=0.5,beta=0.5", "1");
    resume_with(&points[8], "sadp:rho=0.4,score=delta,statistics=0", "2");
    resume_with(&points[0], "infobatch:rho=0.4", "1");
}

/* Scores of a pipeline's groups add up to those of the whole network. */
static void groups_tell_together(void **state)
{
    static const char *const score[] = {"out", "delta", "count", "el2n"};
    (void)state;
    for (int i = 0; i < 4; i++) {
        char one[1024], two[1024], sample[100];
        snprintf(sample, sizeof sample, "sadp:rho=0.3,score=%s,anneal=1", score[i]);
        mye_config a = config_of(&points[8], sample, "sample_one", one);
        mye_config b = config_of(&points[8], sample, "sample_two", two);
        set(&b, "pipeline", "2");
        ASSERT_OK(train(&a, false, 2, NULL, NULL, &err));
        ASSERT_OK(train(&b, false, 2, NULL, NULL, &err));
        if (!same_file(one, two, "scores.csv"))
            fail_msg("%s: other scores with two groups", score[i]);
    }
}

/* Running statistics are renewed before the test, and only there: the weights do not know. */
static void statistics_touch_no_weight(void **state)
{
    (void)state;
    char with[1024], without[1024];
    mye_config a = config_of(&points[0], "sadp:rho=0.4,anneal=0,statistics=64", "sample_s", with);
    mye_config b = config_of(&points[0], "sadp:rho=0.4,anneal=0,statistics=0", "sample_n", without);
    mye_train_result ra, rb;
    ASSERT_OK(train(&a, false, 2, NULL, &ra, &err));
    ASSERT_OK(train(&b, false, 2, NULL, &rb, &err));
    assert_true(ra.last.train_loss == rb.last.train_loss);
    assert_true(ra.last.test_loss != rb.last.test_loss);
    assert_true(ra.forwarded == 3 * 64 && rb.forwarded == 0);
    assert_false(same_weights(with, without)); /* the statistics themselves */
}

static void what_makes_no_sense_is_refused(void **state)
{
    static const struct {
        const char *key, *value, *sample, *words;
    } row[] = {
        {"depth", "cafo:fit=closed", "sadp", "solves node"},
        {"pipeline", "2", "sadp:rho=0.4,anneal=0", "set its option statistics to 0"},
        {"sample", "sadp:rho=1.5", "sadp:rho=1.5", "rho"},
        {"sample", "sadp:score=best", "sadp:score=best", "score"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char dir[1024];
        mye_error why = {0};
        mye_config c = config_of(&points[8], i < 2 ? row[i].sample : "all", "sample_no", dir);
        if (i == 0) {
            set(&c, "net", "cafo:blocks=2,channels=2");
            set(&c, "T", "1");
        }
        mye_status status = mye_config_set(&c, row[i].key, row[i].value, &why);
        if (status == MYE_OK)
            status = train(&c, false, 2, NULL, NULL, &why);
        assert_int_not_equal(status, MYE_OK);
        if (strstr(why.message, row[i].words) == NULL)
            fail_msg("%s: %s", row[i].sample, why.message);
    }
}

/* The schedule of the learning rate ends with the run, however short it is. */
static void a_short_run_has_the_whole_schedule(void **state)
{
    (void)state;
    char dir[1024];
    mye_config c = config_of(&points[0], "short:rho=0.5", "sample_short", dir);
    set(&c, "epochs", "8");
    mye_train_result r;
    ASSERT_OK(train(&c, false, 1, NULL, &r, &err));
    assert_int_equal(r.last.epoch, 4);
    assert_true(fabs(r.visited - 0.5) < 1e-9);
    /* cosine at 3 of 4 epochs */
    assert_true(fabs(r.last.learning_rate / 0.01 - 0.5 * (1 + cos(3.14159265 * 0.75))) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratio_zero_is_plain_training),
        cmocka_unit_test(all_points_of_the_product_train),
        cmocka_unit_test(a_stopped_run_goes_on_with_the_same_samples),
        cmocka_unit_test(groups_tell_together),
        cmocka_unit_test(statistics_touch_no_weight),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(a_short_run_has_the_whole_schedule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
