/* Pattern files: both forms there and back, files of others, and every way to be wrong. */
#include "pattern_support.h"

#include <math.h>

static void both_forms_give_back_what_was_written(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = fresh_dir("pattern-file");

    (void)state;
    for (int npz = 0; npz < 2; npz++) {
        const char *path = in_dir(dir, npz ? "a.npz" : "a.npy");
        mye_patterns *set = small_set(ctx, npz == 1), *read = NULL;
        ASSERT_OK(mye_patterns_write(set, path, &err));
        ASSERT_OK(mye_patterns_read(ctx, path, 0, 0, &read, &err));
        assert_same_sets(set, read);
        const mye_patterns_info *about = mye_patterns_about(read);
        assert_string_equal(about->source, path);
        assert_int_equal(about->units, npz ? 5 : 4); /* records do not say more than they use */
        assert_int_equal(about->classes, npz ? 3 : 2);
        mye_patterns_free(read);
        ASSERT_OK(mye_patterns_read(ctx, path, 9, 8, &read, &err));
        assert_true(mye_patterns_about(read)->units == 9 && mye_patterns_about(read)->classes == 8);
        mye_patterns_free(read);
        mye_patterns_free(set);
    }
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

static void sets_without_anything_are_files_too(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = fresh_dir("pattern-none");
    mye_patterns *set = NULL, *read = NULL;

    (void)state;
    ASSERT_OK(mye_patterns_create(ctx, 7, 2, &set, &err));
    for (int npz = 0; npz < 2; npz++) {
        const char *path = in_dir(dir, npz ? "a.npz" : "a.npy");
        ASSERT_OK(mye_patterns_write(set, path, &err));
        ASSERT_OK(mye_patterns_read(ctx, path, 0, 0, &read, &err));
        assert_int_equal(mye_patterns_about(read)->n, 0);
        assert_int_equal(mye_patterns_about(read)->units, npz ? 7 : 1);
        mye_patterns_free(read);
    }
    mye_patterns_free(set);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

static void files_that_cannot_be_written_are_refused(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = fresh_dir("pattern-refused");
    mye_patterns *set = small_set(ctx, true);

    (void)state;
    ASSERT_FAILS(mye_patterns_write(set, in_dir(dir, "a.npy"), &err), MYE_ERR_UNSUPPORTED,
                 "pattern 1 has no spikes");
    assert_int_equal(access(in_dir(dir, "a.npy"), F_OK), -1);
    ASSERT_FAILS(mye_patterns_write(set, in_dir(dir, "a.txt"), &err), MYE_ERR_ARG,
                 "ends in .npz or .npy");
    ASSERT_FAILS(mye_patterns_write(set, ".npz", &err), MYE_ERR_ARG, "ends in .npz or .npy");
    ASSERT_FAILS(mye_patterns_write(set, "/no/such/folder/a.npz", &err), MYE_ERR_IO, "/no/such");
    ASSERT_FAILS(mye_patterns_probe(ctx, in_dir(dir, "a.txt"), &err), MYE_ERR_ARG,
                 "ends in .npz or .npy");
    ASSERT_FAILS(mye_patterns_probe(ctx, "/no/such/folder/a.npz", &err), MYE_ERR_IO, "/no/such");
    ASSERT_OK(mye_patterns_probe(ctx, in_dir(dir, "b.npz"), &err));
    assert_int_equal(access(in_dir(dir, "b.npz"), F_OK), -1);
    mye_patterns_free(set);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

/* unit as >i2, a gap, t as <f4, c as <f8, in this order: 16 bytes a record. */
static void records_of_any_types_and_order_are_read(void **state)
{
    static const char descr[] = "[('afferent', '>i2'), ('', '|V2'), ('time', '<f4'), ('c', '<f8')]";
    unsigned char values[32] = {0x01, 0x02}; /* 258 */
    const float t[2] = {4, 1.5f};
    const double c[2] = {-0.5, 3};
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = NULL;

    (void)state;
    values[17] = 9;
    for (size_t k = 0; k < 2; k++) {
        memcpy(values + 16 * k + 4, &t[k], 4);
        memcpy(values + 16 * k + 8, &c[k], 8);
    }
    ASSERT_OK(parse_bytes(ctx, npy_bytes(descr, 2, values, sizeof values), &set, &err));
    const mye_patterns_info *about = mye_patterns_about(set);
    assert_true(about->n == 1 && about->units == 259 && about->classes == 1);
    const mye_pattern p = mye_patterns_at(set, 0); /* by time */
    assert_true(p.n == 2 && p.window_ms == 4 && p.label == 0 && p.group == 0);
    assert_true(p.spike[0].t_ms == 1.5 && p.spike[0].unit == 9 && p.spike[0].c == 3);
    assert_true(p.spike[1].t_ms == 4 && p.spike[1].unit == 258 && p.spike[1].c == -0.5f);
    mye_patterns_free(set);
    mye_context_free(ctx);
}

static void numbers_left_out_are_patterns_without_spikes(void **state)
{
    static const double values[] = {/* t unit pattern label window group */
                                    5, 0, 1, 2, 50, 4, 3, 1, 1, 2, 50, 4, 1, 1, 4, 0, 30, 0};
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = NULL;

    (void)state;
    ASSERT_OK(
        parse_bytes(ctx, npy_numbers("t unit pattern label window group", values, 18), &set, &err));
    assert_int_equal(mye_patterns_about(set)->n, 5);
    assert_int_equal(mye_patterns_about(set)->classes, 3);
    const int64_t spikes[] = {0, 2, 0, 0, 1};
    const int32_t label[] = {0, 2, 0, 0, 0}, group[] = {0, 4, 0, 0, 0};
    const double window[] = {5, 50, 5, 5, 30};
    for (int k = 0; k < 5; k++) {
        const mye_pattern p = mye_patterns_at(set, k);
        assert_true(p.n == spikes[k] && p.label == label[k] && p.group == group[k]);
        assert_true(p.window_ms == window[k]);
        for (int64_t i = 0; i < p.n; i++)
            assert_true(p.spike[i].c == 1);
    }
    mye_patterns_free(set);
    mye_context_free(ctx);
}

static void wrong_records_are_refused_in_one_sentence(void **state)
{
    static const struct {
        const char *fields;
        double value[8];
        int n;
        const char *words, *hint;
    } cases[] = {
        {"t", {1}, 1, "its records have no field 'unit'", ""},
        {"unit", {1}, 1, "its records have no field 't'", ""},
        {"t unit coefficent",
         {1, 0, 1},
         3,
         "no field 'coefficent', known are t, unit, coef",
         "did you mean 'coefficient'?"},
        {"t unit weather", {1, 0, 1}, 3, "no field 'weather'", "spikes[['t', 'unit']]"},
        {"t unit c coefficient", {1, 0, 1, 1}, 4, "'c' and 'coefficient' are the same thing", ""},
        {"t unit", {1, 0, -1, 0}, 4, "record 1 has t -1, expected a time in ms from 0", ""},
        {"t unit", {1, 0, NAN, 0}, 4, "record 1 has t nan", ""},
        {"t unit", {INFINITY, 0}, 2, "record 0 has t inf", ""},
        {"t unit", {1, 0.5}, 2, "record 0 has unit 0.5, expected a whole number from 0", ""},
        {"t unit", {1, -1}, 2, "record 0 has unit -1", ""},
        {"t afferent", {1, 1048576}, 2, "record 0 has afferent 1048576", ""},
        {"t unit c", {1, 0, NAN}, 3, "record 0 has c nan, expected a finite number", ""},
        {"t unit c", {1, 0, 1e39}, 3, "record 0 has c 1e+39", ""},
        {"t unit label", {1, 0, 4096}, 3, "record 0 has label 4096", ""},
        {"t unit label",
         {1, 0, 0, 2, 0, 1},
         6,
         "record 1 has label 1, but pattern 0 began with 0",
         ""},
        {"t unit group", {1, 0, 3e9}, 3, "record 0 has group 3000000000", ""},
        {"t unit group", {1, 0, 0, 2, 0, 1}, 6, "record 1 has group 1", ""},
        {"t unit window", {1, 0, -1}, 3, "record 0 has window -1", ""},
        {"t unit window", {1, 0, 5, 2, 0, 6}, 6, "record 1 has window 6", ""},
        {"t unit pattern", {1, 0, 0.5}, 3, "record 0 has pattern 0.5", ""},
        {"t unit pattern", {1, 0, 1, 1, 0, 0}, 6, "pattern 0 after one of pattern 1", ""},
        {"t unit pattern", {1, 0, 0, 1, 0, 1000002}, 6, "more than 1000000 patterns without", ""},
        {"t unit pattern", {1, 0, 0x1p60}, 3, "record 0 has pattern", ""},
        {"t unit first", {1, 0, 0}, 3, "no field 'first'", ""},
    };
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = NULL;

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        mye_error err = {0};
        const mye_status st =
            parse_bytes(ctx, npy_numbers(cases[k].fields, cases[k].value, cases[k].n), &set, &err);
        if (st != MYE_ERR_FORMAT || !strstr(err.message, cases[k].words) ||
            !strstr(err.hint, cases[k].hint))
            fail_msg("expected '%s', got %s: %s (%s)", cases[k].words, mye_status_name(st),
                     err.message, err.hint);
        assert_null(set);
    }
    ASSERT_FAILS(parse_bytes(ctx, npy_bytes("'<f8'", 1, "12345678", 8), &set, &err), MYE_ERR_FORMAT,
                 "one row of records");
    ASSERT_FAILS(mye_patterns_parse(ctx, "x.npy", "text", 4, 0, 0, &set, &err), MYE_ERR_FORMAT,
                 "NPY or NPZ file of NumPy, got 4 other bytes");
    ASSERT_FAILS(mye_patterns_read(ctx, "no/such.npz", 0, 0, &set, &err), MYE_ERR_IO,
                 "no/such.npz");
    const file_bytes whole = *npy_numbers("t unit", (const double[]){1, 0}, 2);
    for (size_t n = 0; n < whole.n; n++)
        assert_int_equal(mye_patterns_parse(ctx, "x.npy", whole.data, n, 0, 0, &set, NULL),
                         MYE_ERR_FORMAT);
    ASSERT_FAILS(
        mye_patterns_parse(ctx, "x.npy", whole.data, whole.n, MYE_UNITS_MAX + 1, 0, &set, &err),
        MYE_ERR_ARG, "afferents");
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

/* ---- archives ---- */

typedef struct piece {
    const char *name;
    int rank;
    int64_t n;
    double value[6];
} piece;

/* Two patterns with three spikes, and arrays of f8 numbers in place of the usual ones or beside them. */
static const char *archive(mye_context *ctx, const piece *parts, const char *without)
{
    static const piece usual[] = {{"first", 1, 3, {0, 1, 3}}, {"label", 1, 2, {0, 1}},
                                  {"window", 1, 2, {9, 9}},   {"group", 1, 2, {0, 0}},
                                  {"units", 0, 1, {4}},       {"classes", 0, 1, {2}}};
    static const double spikes[] = {1, 0, 2, 3, 3, 1};
    const char *path = in_dir(fresh_dir("pattern-archive"), "a.npz");
    const mye_npy_values records = {"[('t', '<f8'), ('unit', '<f8')]", 16, 1, {3}, spikes};
    mye_npz_writer *w = NULL;

    ASSERT_OK(mye_npz_create(ctx, path, &w, &err));
    if (strcmp(without, "spikes") != 0)
        ASSERT_OK(mye_npz_add(w, "spikes", &records, &err));
    for (const piece *p = parts; p && p->name; p++) {
        const mye_npy_values v = {"'<f8'", 8, p->rank, {p->n}, p->value};
        ASSERT_OK(mye_npz_add(w, p->name, &v, &err));
    }
    for (size_t k = 0; k < sizeof usual / sizeof usual[0]; k++) {
        const mye_npy_values v = {"'<f8'", 8, usual[k].rank, {usual[k].n}, usual[k].value};
        const piece *p = parts;
        while (p && p->name && strcmp(p->name, usual[k].name) != 0)
            p++;
        if (!(p && p->name) && !strstr(without, usual[k].name))
            ASSERT_OK(mye_npz_add(w, usual[k].name, &v, &err));
    }
    ASSERT_OK(mye_npz_commit(w, &err));
    return path;
}

static void arrays_that_say_nothing_new_may_be_left_out(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = NULL;

    (void)state;
    ASSERT_OK(
        mye_patterns_read(ctx, archive(ctx, NULL, "window group units classes"), 0, 0, &set, &err));
    const mye_patterns_info *about = mye_patterns_about(set);
    assert_true(about->n == 2 && about->spikes == 3 && about->units == 4 && about->classes == 2);
    assert_true(mye_patterns_at(set, 0).window_ms == 3 && mye_patterns_at(set, 1).n == 2);
    mye_patterns_free(set);
    mye_context_free(ctx);
}

static void wrong_archives_are_refused_in_one_sentence(void **state)
{
    static const struct {
        piece piece;
        const char *without, *words;
    } cases[] = {
        {{NULL}, "spikes", "no array 'spikes'"},
        {{NULL}, "first", "no array 'first'"},
        {{NULL}, "label", "no array 'label'"},
        {{"lable", 1, 2, {0, 1}}, "", "no array 'lable', known are"},
        {{"first", 1, 0, {0}}, "", "array 'first': expected a row of numbers"},
        {{"first", 0, 1, {0}}, "", "array 'first': expected a row of numbers"},
        {{"first", 1, 3, {0, 2.5, 3}}, "", "array 'first': value 1 is 2.5"},
        {{"first", 1, 3, {0, 5, 3}}, "", "value 2 is 3 after 5"},
        {{"first", 1, 3, {1, 2, 3}}, "", "goes from 1 to 3, expected from 0 to 3"},
        {{"first", 1, 3, {0, 1, 2}}, "", "goes from 0 to 2, expected from 0 to 3"},
        {{"label", 1, 3, {0, 1, 1}}, "", "array 'label': expected 2 plain numbers, got 3"},
        {{"label", 1, 2, {0, -1}}, "", "array 'label': value 1 is -1"},
        {{"label", 1, 2, {0, 2}},
         "",
         "array 'classes': is 2, but there is a spike or pattern with label 2"},
        {{"window", 1, 2, {0, NAN}}, "", "array 'window': value 1 is nan"},
        {{"group", 1, 2, {0, 0.5}}, "", "array 'group': value 1 is 0.5"},
        {{"group", 1, 1, {0}}, "", "array 'group': expected 2 plain numbers, got 1"},
        {{"units", 0, 1, {0}}, "", "array 'units': value 0 is 0"},
        {{"units", 0, 1, {3}},
         "",
         "array 'units': is 3, but there is a spike or pattern with unit 3"},
        {{"units", 1, 2, {3, 3}}, "", "array 'units': expected 1 plain number, got 2"},
        {{"classes", 0, 1, {4097}}, "", "array 'classes': value 0 is 4097"},
    };
    mye_context *ctx = make_context(NULL);
    mye_patterns *set = NULL;

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const piece parts[2] = {cases[k].piece, {NULL}};
        ASSERT_FAILS(
            mye_patterns_read(ctx, archive(ctx, parts, cases[k].without), 0, 0, &set, &err),
            MYE_ERR_FORMAT, cases[k].words);
        assert_null(set);
    }
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

/* ---- the source ---- */

/* n patterns of two classes; pattern k has one spike at k + 1 ms; a group has `size` in a row. */
static void write_numbered(mye_context *ctx, const char *path, int n, int size)
{
    mye_patterns *set = NULL;

    ASSERT_OK(mye_patterns_create(ctx, 3, 2, &set, &err));
    for (int k = 0; k < n; k++) {
        const mye_spike s = {k + 1, 1, k % 3};
        const mye_pattern p = {&s, 1, 100, k % 2, size ? 1 + k / size : 0};
        ASSERT_OK(mye_patterns_add(set, &p, &err));
    }
    ASSERT_OK(mye_patterns_write(set, path, &err));
    mye_patterns_free(set);
}

static mye_patterns *open_split(mye_context *ctx, const char *text, const char *dir,
                                const char *split, uint64_t seed)
{
    mye_patterns *set = NULL;

    ASSERT_OK(mye_patterns_open(ctx, text, dir, split, seed, &set, &err));
    return set;
}

static void a_share_of_each_class_is_held_out(void **state)
{
    mye_context *ctx = make_context(NULL);
    char dir[1024];
    int64_t other[2][40] = {{0}};

    (void)state;
    snprintf(dir, sizeof dir, "%s", fresh_dir("pattern-split"));
    write_numbered(ctx, in_dir(dir, "a.npz"), 40, 0);
    for (uint64_t seed = 0; seed < 2; seed++) {
        mye_patterns *part[2] = {
            open_split(ctx, "file:path=a.npz,hold_out=0.25", dir, "train", seed),
            open_split(ctx, "file:path=a.npz,hold_out=0.25", dir, "test", seed)};
        int seen[40] = {0}, of_class[2] = {0};
        assert_true(mye_patterns_about(part[0])->n == 30 && mye_patterns_about(part[1])->n == 10);
        assert_string_equal(mye_patterns_about(part[1])->source, "file:hold_out=0.25,path=a.npz");
        for (int s = 0; s < 2; s++)
            for (int64_t k = 0, last = -1; k < mye_patterns_about(part[s])->n; k++) {
                const mye_pattern p = mye_patterns_at(part[s], k);
                const int number = (int)p.spike[0].t_ms - 1;
                assert_true(number > last); /* in the order of the file */
                last = number;
                seen[number]++;
                of_class[p.label] += s;
                other[seed][number] = s;
            }
        for (int k = 0; k < 40; k++)
            assert_int_equal(seen[k], 1);
        assert_true(of_class[0] == 5 && of_class[1] == 5);
        mye_patterns *again = open_split(ctx, "file:path=a.npz,hold_out=0.25", dir, "test", seed);
        assert_same_sets(again, part[1]);
        mye_patterns_free(again);
        mye_patterns_free(part[0]);
        mye_patterns_free(part[1]);
    }
    assert_memory_not_equal(other[0], other[1], sizeof other[0]);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

static void groups_are_held_out_whole(void **state)
{
    mye_context *ctx = make_context(NULL);
    char dir[1024];
    int part_of[10] = {0};

    (void)state;
    snprintf(dir, sizeof dir, "%s", fresh_dir("pattern-groups"));
    write_numbered(ctx, in_dir(dir, "a.npy"), 40, 4);
    for (int s = 0; s < 2; s++) {
        mye_patterns *set = open_split(ctx, "file:path=a.npy", dir, s ? "test" : "train", 5);
        assert_int_equal(mye_patterns_about(set)->n, s ? 8 : 32);
        for (int64_t k = 0; k < mye_patterns_about(set)->n; k++)
            part_of[mye_patterns_at(set, k).group - 1] |= 1 << s;
        mye_patterns_free(set);
    }
    for (int g = 0; g < 10; g++)
        assert_true(part_of[g] == 1 || part_of[g] == 2);
    mye_context_free(ctx);
}

static void both_splits_have_the_afferents_and_classes_of_both(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_patterns *small = NULL, *part;
    char dir[1024];

    (void)state;
    snprintf(dir, sizeof dir, "%s", fresh_dir("pattern-two"));
    write_numbered(ctx, in_dir(dir, "a.npy"), 4, 0);
    small = small_set(ctx, false);
    ASSERT_OK(mye_patterns_write(small, in_dir(dir, "b.npy"), &err));
    mye_patterns_free(small);
    for (int s = 0; s < 2; s++) {
        part =
            open_split(ctx, "file:path=b.npy,test=a.npy,classes=6", dir, s ? "test" : "train", 1);
        const mye_patterns_info *about = mye_patterns_about(part);
        assert_true(about->n == (s ? 4 : 3) && about->units == 4 && about->classes == 6);
        mye_patterns_free(part);
    }
    part = open_split(ctx, "file:path=a.npy,hold_out=0,units=50", dir, "test", 1);
    assert_true(mye_patterns_about(part)->n == 4 && mye_patterns_about(part)->units == 50);
    mye_patterns_free(part);
    ASSERT_FAILS(mye_patterns_open(ctx, "file", dir, "test", 1, &part, &err), MYE_ERR_ARG,
                 "wants a file");
    ASSERT_FAILS(mye_patterns_open(ctx, "file:path=c.npz", dir, "test", 1, &part, &err), MYE_ERR_IO,
                 "c.npz: not found");
    ASSERT_FAILS(mye_patterns_open(ctx, "file:path=a.npy,hold_out=1", dir, "train", 1, &part, &err),
                 MYE_ERR_ARG, "holding out 4 of 4 patterns leaves none for the train split");
    ASSERT_FAILS(
        mye_patterns_open(ctx, "file:path=a.npy,hold_out=0.1", dir, "test", 1, &part, &err),
        MYE_ERR_ARG, "holding out 0 of 4 patterns leaves none for the test split");
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

/* ---- memory, and NumPy ---- */

static void every_failing_allocation_is_reported(void **state)
{
    char dir[1024];
    static const char *const texts[] = {"file:path=a.npz", "file:path=a.npy,test=a.npz"};
    mye_context *writer = make_context(NULL);

    (void)state;
    snprintf(dir, sizeof dir, "%s", fresh_dir("pattern-memory"));
    write_numbered(writer, in_dir(dir, "a.npz"), 20, 0);
    write_numbered(writer, in_dir(dir, "a.npy"), 20, 2);
    mye_context_free(writer);
    for (size_t k = 0; k < 2; k++)
        for (long n = 1;; n++) {
            failing f = {0, 0, 0};
            mye_context *ctx = make_context(&f);
            const long blocks = f.blocks;
            mye_patterns *set = NULL;
            f.calls = 0;
            f.fail_at = n;
            mye_status st = mye_patterns_open(ctx, texts[k], dir, "test", 3, &set, NULL);
            if (st == MYE_OK)
                st = mye_patterns_write(set, in_dir(dir, k ? "b.npy" : "b.npz"), NULL);
            mye_patterns_free(set);
            assert_int_equal(f.blocks, blocks);
            mye_context_free(ctx);
            if (f.calls < n) {
                assert_int_equal(st, MYE_OK);
                break;
            }
            /* A failure is reported, or harmless: a list of places for a message nobody needs. */
            assert_true(st == MYE_ERR_NOMEM || st == MYE_OK);
            assert_true(n < 300);
        }
}

static void numpy_and_we_read_each_other(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = fresh_dir("pattern-numpy"), *python = numpy_python();
    mye_patterns *set = small_set(ctx, false), *read = NULL;
    char command[4096];

    (void)state;
    if (!python) {
        mye_patterns_free(set);
        mye_context_free(ctx);
        printf("SKIPPED %s: no python3 with numpy\n", __func__);
        skip();
    }
    ASSERT_OK(mye_patterns_write(set, in_dir(dir, "a.npy"), &err));
    ASSERT_OK(mye_patterns_write(set, in_dir(dir, "a.npz"), &err));
    snprintf(
        command, sizeof command,
        "cd '%s' && %s -c \"import numpy as np; a = np.load('a.npy'); z = np.load('a.npz'); "
        "assert a['t'].tolist() == z['spikes']['t'].tolist() == [0.5, 0.5, 7.25, 3, 3]; "
        "assert a['pattern'].tolist() == [0, 0, 0, 1, 2] and z['first'].tolist() == [0, 3, 4, 5]; "
        "assert int(z['units']) == 5 and z['group'].tolist() == [7, 0, -3]; "
        "d = np.dtype([('pattern', 'u1'), ('t', '>f4'), ('label', 'i8'), ('unit', 'u2'), "
        "('coefficient', 'f8'), ('window', 'f4'), ('group', 'i2'), ('extra', 'i4')], align=True); "
        "b = np.zeros(5, d); [b.__setitem__(k, a[k]) for k in d.names if k != 'extra']; "
        "np.save('b.npy', b[[k for k in d.names if k != 'extra']]); "
        "np.savez_compressed('b.npz', **z)\"",
        dir, python);
    assert_int_equal(system(command), 0);
    for (int npz = 0; npz < 2; npz++) {
        ASSERT_OK(mye_patterns_read(ctx, in_dir(dir, npz ? "b.npz" : "b.npy"), 0, 0, &read, &err));
        assert_same_sets(set, read);
        mye_patterns_free(read);
    }
    mye_patterns_free(set);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_give_back_what_was_written),
        cmocka_unit_test(sets_without_anything_are_files_too),
        cmocka_unit_test(files_that_cannot_be_written_are_refused),
        cmocka_unit_test(records_of_any_types_and_order_are_read),
        cmocka_unit_test(numbers_left_out_are_patterns_without_spikes),
        cmocka_unit_test(wrong_records_are_refused_in_one_sentence),
        cmocka_unit_test(arrays_that_say_nothing_new_may_be_left_out),
        cmocka_unit_test(wrong_archives_are_refused_in_one_sentence),
        cmocka_unit_test(a_share_of_each_class_is_held_out),
        cmocka_unit_test(groups_are_held_out_whole),
        cmocka_unit_test(both_splits_have_the_afferents_and_classes_of_both),
        cmocka_unit_test(every_failing_allocation_is_reported),
        cmocka_unit_test(numpy_and_we_read_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
