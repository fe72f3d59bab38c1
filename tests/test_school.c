/* One neuron that learns a set on one thread. */
#include "synapse_support.h"

#include "synapse/courses.h"
#include "synapse/experiment_kind.h"

enum { UNITS = 40, PATTERNS = 12, TOLD = 400 };

typedef struct school {
    mye_context *ctx;
    mye_patterns *set;
    mye_lesson lesson;
    mye_aim aim[PATTERNS];
    double w[UNITS];
    mye_school out;
    int told; /* epochs that were told */
    double each[TOLD][UNITS];
} school;

static mye_synapse_options usual(void)
{
    mye_synapse_options o = MYE_SYNAPSE_OPTIONS;
    o.epochs = 300;
    o.lambda = 0.01;
    return o;
}

/* `source` with labels of two classes: fire, stay silent. */
static void school_open(school *s, failing *requests, const char *source,
                        const mye_synapse_options *o)
{
    memset(s, 0, sizeof(*s));
    s->ctx = make_context(requests);
    ASSERT_OK(mye_patterns_open(s->ctx, source, NULL, "train", 3, &s->set, &err));
    ASSERT_OK(mye_lesson_open(s->ctx, o, &s->lesson, &err));
    assert_true(s->set->info.n <= PATTERNS && s->set->info.units == UNITS);
    for (int64_t k = 0; k < s->set->info.n; k++)
        s->aim[k].count = s->set->label[k];
    mye_pupil_init(&s->lesson, UNITS, 0, s->w);
}

static void see(void *user, int64_t epoch, const double *w)
{
    school *s = user;
    assert_int_equal(epoch, ++s->told);
    assert_true(s->told <= TOLD && w == s->w);
    memcpy(s->each[epoch - 1], w, sizeof(s->w));
}

static mye_status attend(school *s, mye_error *err)
{
    return mye_school_run(&s->lesson, s->set, s->aim, s->w, see, s, &s->out, err);
}

static void school_close(school *s)
{
    mye_lesson_close(&s->lesson);
    mye_patterns_free(s->set);
    assert_int_equal(mye_context_live_bytes(s->ctx), 0);
    mye_context_free(s->ctx);
}

static const char twelve[] = "poisson:units=40,patterns=12,rate=20,window=200";
static const char one[] = "poisson:units=40,patterns=1,classes=1,rate=20,window=200";

static int wrong_answers(const school *s)
{
    mye_desk desk;
    int wrong = 0;
    ASSERT_OK(mye_desk_open(&s->lesson, UNITS, 4096, &desk, &err));
    for (int64_t k = 0; k < s->set->info.n; k++) {
        const mye_pattern p = mye_patterns_at(s->set, k);
        mye_course course;
        double v;
        ASSERT_OK(mye_desk_course(&s->lesson, &desk, &p, 0, &course, &err));
        mye_reader_face(&desk.reader, &course, s->w);
        mye_reader_maximum(&desk.reader, &v);
        wrong += (v >= 1) != (s->aim[k].count > 0);
    }
    mye_desk_close(&desk);
    return wrong;
}

static void it_learns_until_nothing_is_wrong(void **state)
{
    static school s;
    const mye_synapse_options o = usual();
    (void)state;
    school_open(&s, NULL, twelve, &o);
    assert_true(wrong_answers(&s) > 0);
    ASSERT_OK(attend(&s, &err));
    assert_true(s.out.converged && s.out.epochs > 2 && s.out.epochs < 300);
    assert_int_equal(s.told, s.out.epochs);
    assert_int_equal(wrong_answers(&s), 0);
    /* Weights rest in the last epoch, and not in the one before. */
    assert_memory_equal(s.each[s.told - 1], s.each[s.told - 2], sizeof(s.w));
    assert_memory_not_equal(s.each[s.told - 2], s.each[s.told - 3], sizeof(s.w));
    school_close(&s);
}

static void what_contradicts_itself_is_never_learned(void **state)
{
    static school s;
    static const int64_t twice[] = {0, 0};
    mye_synapse_options o = usual();
    mye_patterns *same = NULL;
    (void)state;
    o.epochs = 37;
    school_open(&s, NULL, one, &o);
    ASSERT_OK(mye_patterns_choose(s.set, twice, 2, &same, &err));
    mye_patterns_free(s.set);
    s.set = same;
    s.aim[1].count = 1;
    ASSERT_OK(attend(&s, &err));
    assert_true(!s.out.converged && s.out.epochs == 37 && s.told == 37);
    school_close(&s);
}

static void the_order_is_drawn_from_the_seed(void **state)
{
    static school a, b, c;
    mye_synapse_options o = usual();
    (void)state;
    school_open(&a, NULL, twelve, &o);
    school_open(&b, NULL, twelve, &o);
    o.seed = 2;
    school_open(&c, NULL, twelve, &o);
    memcpy(c.w, a.w, sizeof(c.w));
    ASSERT_OK(attend(&a, &err));
    ASSERT_OK(attend(&b, &err));
    ASSERT_OK(attend(&c, &err));
    assert_memory_equal(a.w, b.w, sizeof(a.w));
    assert_memory_not_equal(a.w, c.w, sizeof(a.w));
    school_close(&a);
    school_close(&b);
    school_close(&c);
}

/* Of one pattern there is one order: a group of one neuron does the same. */
static void it_teaches_as_groups_do(void **state)
{
    static school s;
    static const char *const move[] = {"plain", "momentum", "rmsprop"};
    (void)state;
    for (int i = 0; i < COUNT_OF(move); i++) {
        mye_synapse_options o = usual();
        mye_synapse *group = NULL;
        mye_synapse_result result;
        const int32_t count = 3;
        const mye_aims aims = {&count, NULL, NULL};
        o.move = move[i];
        o.rule = "mst";
        o.average = i == 1;
        school_open(&s, NULL, one, &o);
        s.aim[0].count = count;
        ASSERT_OK(mye_synapse_create(s.ctx, UNITS, 1, &o, &group, &err));
        assert_memory_equal(mye_synapse_weights(group), s.w, sizeof(s.w));
        ASSERT_OK(mye_synapse_train(group, s.set, &aims, NULL, &result, &err));
        ASSERT_OK(attend(&s, &err));
        assert_true(s.out.epochs > 1 && s.out.epochs == result.epochs);
        assert_true(s.out.converged == result.converged);
        assert_memory_equal(mye_synapse_weights(group), s.w, sizeof(s.w));
        mye_synapse_result_free(s.ctx, &result);
        mye_synapse_free(group);
        school_close(&s);
    }
}

static void averages_are_means_over_presentations(void **state)
{
    static school s;
    mye_synapse_options o = usual();
    (void)state;
    o.average = true;
    o.rule = "mst";
    school_open(&s, NULL, one, &o);
    s.aim[0].count = 2;
    ASSERT_OK(attend(&s, &err));
    assert_true(s.out.converged && s.told > 2);
    for (int i = 0; i < UNITS; i++) {
        double mean = 0;
        for (int e = 0; e < s.told; e++)
            mean += s.each[e][i] / s.told;
        ASSERT_NEAR(s.w[i], mean, 1e-12);
    }
    assert_memory_not_equal(s.w, s.each[s.told - 1], sizeof(s.w));
    school_close(&s);
}

/* Of a pattern little is left in an epoch; over many each afferent has been heard. */
static void noise_is_new_in_every_epoch(void **state)
{
    static school s;
    mye_synapse_options o = usual();
    double first[UNITS];
    int once = 0, ever = 0;
    (void)state;
    o.noise = "delete:share=0.9";
    o.rule = "tempotron:margin=1e6"; /* it is never content */
    o.move = "plain";
    o.epochs = 40;
    school_open(&s, NULL, one, &o);
    s.aim[0].count = 1;
    memcpy(first, s.w, sizeof(first));
    ASSERT_OK(attend(&s, &err));
    assert_int_equal(s.told, 40);
    for (int i = 0; i < UNITS; i++) {
        once += s.each[0][i] != first[i];
        ever += s.w[i] != first[i];
    }
    assert_true(once < UNITS / 2 && ever > UNITS * 3 / 4);
    school_close(&s);
}

static void noise_changes_what_is_heard(void **state)
{
    static school quiet, still, noisy, deaf;
    mye_synapse_options o = usual();
    (void)state;
    school_open(&quiet, NULL, twelve, &o);
    o.noise = "jitter:sd=0";
    school_open(&still, NULL, twelve, &o);
    o.noise = "jitter:sd=3 insert:rate=40"; /* more spikes than the pattern has */
    school_open(&noisy, NULL, twelve, &o);
    o.noise = "delete:share=1";
    o.epochs = 20;
    school_open(&deaf, NULL, twelve, &o);
    ASSERT_OK(attend(&quiet, &err));
    ASSERT_OK(attend(&still, &err));
    ASSERT_OK(attend(&noisy, &err));
    ASSERT_OK(attend(&deaf, &err));
    assert_memory_equal(quiet.w, still.w, sizeof(quiet.w));
    assert_memory_not_equal(quiet.w, noisy.w, sizeof(quiet.w));
    assert_false(deaf.out.converged); /* it ought to fire, and never hears anything */
    assert_memory_equal(deaf.w, deaf.each[0], sizeof(deaf.w));
    school_close(&quiet);
    school_close(&still);
    school_close(&noisy);
    school_close(&deaf);
}

static void rules_that_want_times_get_them_or_are_refused(void **state)
{
    static const double t_ms[] = {60, 150};
    static school s;
    mye_synapse_options o = usual();
    double fired[8];
    int n;
    (void)state;
    o.rule = "psd";
    o.move = "plain";
    o.lambda = 0.002;
    school_open(&s, NULL, one, &o);
    s.aim[0] = (mye_aim){2, NULL};
    ASSERT_FAILS(attend(&s, &err), MYE_ERR_ARG, "rule 'psd' wants the times of spikes");
    assert_true(s.out.epochs == 0 && s.told == 0);
    s.aim[0].t_ms = t_ms;
    ASSERT_OK(attend(&s, &err));
    assert_true(s.out.converged);
    mye_synapse *group = NULL;
    const mye_pattern p = mye_patterns_at(s.set, 0);
    ASSERT_OK(mye_synapse_create(s.ctx, UNITS, 1, &o, &group, &err));
    memcpy(mye_synapse_weights(group), s.w, sizeof(s.w));
    ASSERT_OK(mye_synapse_spikes(group, &p, 0, fired, 8, &n, &err));
    assert_int_equal(n, 2);
    assert_true(fabs(fired[0] - 60) < 1 && fabs(fired[1] - 150) < 1);
    mye_synapse_free(group);
    school_close(&s);
}

static void stopping_ends_it_in_an_epoch(void **state)
{
    static school s;
    const mye_synapse_options o = usual();
    (void)state;
    school_open(&s, NULL, twelve, &o);
    mye_context_cancel(s.ctx);
    ASSERT_FAILS(attend(&s, &err), MYE_ERR_CANCELLED, "stopped");
    assert_true(s.out.epochs == 0 && s.told == 0 && !s.out.converged);
    school_close(&s);
}

static void refused_memory_is_told_and_nothing_leaks(void **state)
{
    static school s;
    failing requests = {0};
    mye_synapse_options o = usual();
    mye_status st = MYE_ERR_NOMEM;
    long n = 0;
    (void)state;
    o.average = true;
    o.noise = "insert:rate=40";
    o.epochs = 5;
    school_open(&s, &requests, twelve, &o);
    const long blocks = requests.blocks;
    while (st != MYE_OK) {
        mye_error why = {0};
        requests.calls = 0;
        requests.fail_at = ++n;
        s.told = 0;
        st = attend(&s, &why);
        requests.fail_at = 0;
        if (st != MYE_OK && (st != MYE_ERR_NOMEM || !strstr(why.message, "not enough memory for")))
            fail_msg("request %ld: %s", n, why.message);
        assert_int_equal(requests.blocks, blocks);
    }
    print_message("%ld requests\n", n - 1);
    assert_true(n > 8);
    school_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_learns_until_nothing_is_wrong),
        cmocka_unit_test(what_contradicts_itself_is_never_learned),
        cmocka_unit_test(the_order_is_drawn_from_the_seed),
        cmocka_unit_test(it_teaches_as_groups_do),
        cmocka_unit_test(averages_are_means_over_presentations),
        cmocka_unit_test(noise_is_new_in_every_epoch),
        cmocka_unit_test(noise_changes_what_is_heard),
        cmocka_unit_test(rules_that_want_times_get_them_or_are_refused),
        cmocka_unit_test(stopping_ends_it_in_an_epoch),
        cmocka_unit_test(refused_memory_is_told_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
