/* Scores of single samples: labels that are wrong are found, and what is told is what it says. */
#include <math.h>

#include "data/image.h"
#include "report/picture.h"
#include "train_support.h"

enum { N = 72, FLIPS = 6, EVERY = 12 };

static bool near(double a, double b, double room)
{
    return fabs(a - b) < room;
}

static bool is_flipped(int64_t i)
{
    return i % EVERY == 5;
}

/* Bars, six of which carry the label of the class three further. */
static const char *flipped_dir(void)
{
    static char dir[1024];
    unsigned char labels[8 + N] = {0, 0, 8, 1, 0, 0, 0, N};
    if (dir[0])
        return dir;
    snprintf(dir, sizeof dir, "%s", fresh_dir("scores_data"));
    write_bars(dir, "train-images-idx3-ubyte", "train-labels-idx1-ubyte", N, 1);
    write_bars(dir, "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", 50, 2);
    for (int i = 0; i < N; i++)
        labels[8 + i] = (unsigned char)((i + (is_flipped(i) ? 3 : 0)) % 10);
    write_file(in_dir(dir, "train-labels-idx1-ubyte"), labels, sizeof labels);
    return dir;
}

static mye_config config_of(const char *out)
{
    mye_config c;
    ASSERT_OK(mye_config_default(&c, &err));
    set(&c, "net", "8C5s2-LIF-FC10");
    set(&c, "data", "mnist");
    set(&c, "data_dir", flipped_dir());
    set(&c, "T", "2");
    set(&c, "batch", "8");
    set(&c, "epochs", "6");
    set(&c, "step", "sgd:lr=0.05");
    set(&c, "sample", "sadp:rho=0.2,score=loss");
    set(&c, "out", out);
    return c;
}

/* The run that all tests look at. */
static const char *trained(void)
{
    static char out[1024];
    if (out[0])
        return out;
    run_dir("scores_run", out);
    const mye_config c = config_of(out);
    ASSERT_OK(train(&c, false, 1, NULL, NULL, &err));
    return out;
}

typedef struct opened {
    mye_context *ctx;
    mye_classifier *c;
    mye_dataset *data;
} opened;

static opened open_run(int batch)
{
    opened o = {.ctx = threads_context(1)};
    mye_infer_options options = MYE_INFER_OPTIONS;
    options.batch = batch;
    ASSERT_OK(mye_classifier_open(o.ctx, trained(), &options, &o.c, &err));
    ASSERT_OK(mye_dataset_open(o.ctx, "mnist", flipped_dir(), "train", &o.data, &err));
    return o;
}

static void close_run(opened *o)
{
    mye_dataset_free(o->data);
    mye_classifier_free(o->c);
    mye_context_free(o->ctx);
}

static mye_scores look(const opened *o, int64_t limit, const char *file)
{
    mye_scores s;
    mye_score_options options = MYE_SCORE_OPTIONS;
    options.limit = limit;
    options.file = file;
    ASSERT_OK(mye_score_samples(o->ctx, o->c, o->data, &options, NULL, &s, &err));
    return s;
}

static void wrong_labels_are_among_the_suspicious(void **state)
{
    (void)state;
    opened o = open_run(16);
    mye_scores s = look(&o, 0, NULL);
    int found = 0;
    assert_int_equal(s.n, N);
    for (int i = 0; i < FLIPS; i++)
        found += is_flipped(s.suspicious[i]);
    /* By chance it would be half a sample. */
    assert_true(found >= FLIPS - 1);
    int64_t doubted = 0;
    for (int64_t i = 0; i < s.n; i++)
        doubted += s.row[i].label_probability < 0.1f && s.row[i].confidence > 0.9f;
    assert_int_equal(s.n_suspicious, doubted);
    for (int64_t i = 1; i < s.n; i++) {
        const mye_sample_score *a = &s.row[s.suspicious[i - 1]], *b = &s.row[s.suspicious[i]];
        assert_true(a->confidence - a->label_probability >= b->confidence - b->label_probability);
        assert_true(s.row[s.hardest[i - 1]].loss >= s.row[s.hardest[i]].loss);
    }
    mye_scores_free(o.ctx, &s);
    close_run(&o);
}

/* Against what the public inference says of the same pixels. */
static void numbers_are_those_of_the_network(void **state)
{
    (void)state;
    opened o = open_run(16);
    float pixels[784], out[10], again[10];
    int label, right = 0;
    double loss = 0;
    ASSERT_OK(mye_dataset_read(o.data, 5, pixels, &label, &err));
    ASSERT_OK(mye_infer(o.c, 1, pixels, again, &err));
    mye_scores s = look(&o, 0, NULL);
    for (int64_t i = 0; i < s.n; i++) {
        const mye_sample_score *r = &s.row[i];
        double sum = 0, squares = 0;
        int best = 0;
        ASSERT_OK(mye_dataset_read(o.data, i, pixels, &label, &err));
        ASSERT_OK(mye_infer(o.c, 1, pixels, out, &err));
        if (i == 5) /* the look left the classifier as it was */
            assert_memory_equal(out, again, sizeof out);
        for (int k = 0; k < 10; k++) {
            sum += exp((double)out[k]);
            best = out[k] > out[best] ? k : best;
        }
        for (int k = 0; k < 10; k++) {
            const double e = exp((double)out[k]) / sum - (k == label);
            squares += e * e;
        }
        assert_int_equal(r->sample, i);
        assert_int_equal(r->label, label);
        assert_int_equal(r->predicted, best);
        assert_true(near((double)r->confidence, exp((double)out[best]) / sum, 1e-4));
        assert_true(near((double)r->label_probability, exp((double)out[label]) / sum, 1e-4));
        assert_true(near((double)r->loss, log(sum) - (double)out[label], 1e-3));
        assert_true(near((double)r->error, sqrt(squares), 1e-3));
        assert_true(isnan(r->score));
        right += best == label;
        loss += (double)r->loss;
    }
    assert_true(near(s.accuracy, right / (double)N, 1e-9));
    assert_true(near(s.loss, loss / N, 1e-6));
    assert_false(s.is_scored);
    mye_scores_free(o.ctx, &s);
    close_run(&o);
}

static void scores_of_training_decide_what_is_hardest(void **state)
{
    (void)state;
    opened o = open_run(64);
    char path[1200];
    snprintf(path, sizeof path, "%s/scores.csv", trained());
    mye_scores s = look(&o, 0, path);
    assert_true(s.is_scored);
    assert_int_equal(s.n_scored, N);
    mye_scores_free(o.ctx, &s);
    static const char made[] = "sample,score\n0,0.5\n1,nan\r\n2,7\n3,\n4,-1\n70,9\n200,99\n";
    snprintf(path, sizeof path, "%s/made.csv", trained());
    write_file(path, made, sizeof made - 1);
    s = look(&o, 40, path);
    assert_int_equal(s.n, 40);
    assert_int_equal(s.n_scored, 2); /* 0 and 2; the others are unknown or not looked at */
    assert_int_equal(s.hardest[0], 2);
    assert_int_equal(s.hardest[1], 0);
    assert_true(s.row[2].score == 7 && isnan(s.row[1].score) && isnan(s.row[4].score));
    mye_scores_free(o.ctx, &s);
    close_run(&o);
}

static void what_is_wrong_is_refused(void **state)
{
    (void)state;
    opened o = open_run(16);
    char path[1200];
    snprintf(path, sizeof path, "%s/bad.csv", trained());
    mye_score_options options = {0, path};
    mye_scores s;
    static const char *const text[] = {"sample,loss\n", "sample,score\n1,x\n",
                                       "sample,score\n-1,2\n", "sample,score\n12\n"};
    static const char *const words[] = {
        "line 1", "line 2: wants a sample's number and its finite score, 'sample,score', got '1,x'",
        "line 2: wants a sample in", "line 2"};
    for (int i = 0; i < 4; i++) {
        write_file(path, text[i], strlen(text[i]));
        ASSERT_FAILS(mye_score_samples(o.ctx, o.c, o.data, &options, NULL, &s, &err),
                     MYE_ERR_FORMAT, words[i]);
        assert_null(s.row);
    }
    options.file = "/nowhere/scores.csv";
    ASSERT_FAILS(mye_score_samples(o.ctx, o.c, o.data, &options, NULL, &s, &err), MYE_ERR_IO,
                 "/nowhere/scores.csv");
    options = (mye_score_options){-1, NULL};
    ASSERT_FAILS(mye_score_samples(o.ctx, o.c, o.data, &options, NULL, &s, &err), MYE_ERR_ARG,
                 "-1");
    mye_dataset *other = NULL;
    ASSERT_OK(
        mye_dataset_open(o.ctx, "idx", MYELIN_SOURCE_DIR "/tests/cli/data", "train", &other, &err));
    ASSERT_FAILS(mye_score_samples(o.ctx, o.c, other, NULL, NULL, &s, &err), MYE_ERR_SHAPE,
                 "1x8x8");
    mye_dataset_free(other);
    close_run(&o);
}

static void the_page_shows_the_samples(void **state)
{
    (void)state;
    opened o = open_run(16);
    char path[1200];
    snprintf(path, sizeof path, "%s/samples.html", trained());
    mye_scores s = look(&o, 0, NULL);
    ASSERT_OK(mye_report_scores(o.ctx, &s, o.data, 4, "A & B", path, &err));
    char *page = text_file(trained(), "samples.html"), number[64];
    assert_int_equal(occurrences(page, "data:image/png;base64,iVBORw0KGgo"), 8);
    assert_non_null(strstr(page, "A &amp; B"));
    snprintf(number, sizeof number, "#%lld is labelled", (long long)s.hardest[3]);
    assert_non_null(strstr(page, number));
    assert_null(strstr(page, "Samples by score of training"));
    mye_free(NULL, page);
    ASSERT_FAILS(mye_report_scores(o.ctx, &s, o.data, 0, "t", path, &err), MYE_ERR_ARG, "got 0");
    mye_scores_free(o.ctx, &s);
    close_run(&o);
}

/* Decodes what was made of a sample with the library's own reader of PNG. */
static void pictures_hold_the_pixels(void **state)
{
    (void)state;
#ifdef MYELIN_HAVE_PNG
    const mye_dataset_info rgb = {.C = 3, .H = 1, .W = 2},
                           events = {.frames = 2, .C = 2, .H = 1, .W = 2};
    const float colours[] = {1, 0, 0.5f, 0, 0.25f, 1};
    /* [frames][W][darker, brighter]: pixel 0 brighter 1 + 3, pixel 1 darker 2 + 0 */
    const float counts[] = {0, 1, 2, 0, 0, 3, 0, 0};
    static const unsigned char wanted[2][6] = {{255, 0, 128, 0, 64, 255}, {255, 0, 0, 0, 0, 128}};
    mye_context *ctx = make_context(NULL);
    for (int i = 0; i < 2; i++) {
        mye_text t = {.ctx = ctx};
        char command[6000], path[1200];
        mye_picture_add(&t, i ? &events : &rgb, i ? counts : colours);
        assert_false(t.failed);
        const char *const head = "data:image/png;base64,";
        assert_int_equal(strncmp(t.data, head, strlen(head)), 0);
        snprintf(path, sizeof path, "%s/class/picture.png", fresh_dir("scores_picture"));
        snprintf(command, sizeof command,
                 "mkdir -p \"$(dirname '%s')\" && printf %%s '%s' | base64 -d >'%s'", path,
                 t.data + strlen(head), path);
        assert_int_equal(system(command), 0);
        void *file = NULL;
        size_t bytes = 0;
        ASSERT_OK(mye_file_read(ctx, path, 1 << 16, &file, &bytes, &err));
        mye_image image = {0};
        ASSERT_OK(mye_image_decode(ctx, path, file, bytes, 3, &image, &err));
        assert_true(image.W == 2 && image.H == 1);
        assert_memory_equal(image.pixels, wanted[i], 6);
        mye_image_free(ctx, &image);
        mye_free(ctx, file);
        mye_text_free(&t);
    }
    mye_context_free(ctx);
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_labels_are_among_the_suspicious),
        cmocka_unit_test(numbers_are_those_of_the_network),
        cmocka_unit_test(scores_of_training_decide_what_is_hardest),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(the_page_shows_the_samples),
        cmocka_unit_test(pictures_hold_the_pixels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
