/* Events and binning: conservation, order, the parsers of camera files and what they refuse. */
#include <math.h>

#include "data/augment.h"
#include "data/spikes.h"
#include "event_support.h"

enum { TIME, COUNT, WINDOW };

static mye_binning by(int rule, int rest, int64_t window_us)
{
    return (mye_binning){.by = rule, .rest = rest, .window_us = window_us, .divide = 1};
}

/* ---- conservation ---- */

static void check_conserved(const mye_events *events, int side)
{
    static const int Ts[] = {1, 2, 7, 10, 50};
    float *frames = calloc((size_t)50 * (size_t)(side * side) * 2, sizeof *frames);

    assert_non_null(frames);
    for (int rule = TIME; rule <= WINDOW; rule++)
        for (int rest = 0; rest < 2; rest++)
            for (size_t k = 0; k < sizeof Ts / sizeof *Ts; k++) {
                const int T = Ts[k], small = k % 2 ? side : (side + 1) / 2;
                const mye_binning b = by(rule, rest, 3000);
                const mye_frames_shape s = {T, 2, small, small, side, side};
                const size_t size = (size_t)(T * small * small) * 2;
                const size_t dropped = mye_binning_count(&b, events, &s, frames);
                assert_true(sum_of(frames, size) + (double)dropped == (double)events->n);
                if (rest == 0 || rule != WINDOW)
                    assert_int_equal(dropped, 0);
                if (rule == COUNT) /* frames differ by one event at most */
                    for (int t = 0; t < T; t++) {
                        const double in =
                            sum_of(frames + (size_t)(t * small * small) * 2, size / (size_t)T);
                        assert_true(fabs(in - (double)events->n / T) < 1.0);
                    }
            }
    free(frames);
}

static void every_binning_conserves_random_events(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        mye_events events = {.ctx = NULL};
        random_events(&events, seed, 1 + 37 * (size_t)seed, 21, 21,
                      1 + (int64_t)(seed * seed * 900));
        check_conserved(&events, 21);
        mye_events_free(&events);
    }
}

static void every_binning_conserves_real_recordings(void **state)
{
    char path[2048];
    int n = 0;

    (void)state;
    SKIP_WITHOUT(shared_dir("nmnist"));
    for (int i = 1; i < 700 && n < 20; i++)
        for (int d = 0; d < 10; d++) {
            mye_events events = {.ctx = NULL};
            void *data = NULL;
            size_t size = 0;
            snprintf(path, sizeof path, "%s/Train/%d/%05d.bin", shared_dir("nmnist"), d, i);
            if (access(path, R_OK) != 0)
                continue;
            ASSERT_OK(mye_file_read(NULL, path, 1 << 26, &data, &size, &err));
            ASSERT_OK(mye_atis_decode(path, data, size, 34, 34, &events, &err));
            assert_int_equal(events.n, size / 5);
            check_conserved(&events, 34);
            n++;
            mye_events_free(&events);
            mye_free(NULL, data);
        }
    assert_true(n >= 20);
}

static void frames_are_where_and_when_the_events_are(void **state)
{
    /* Times 0, 10, 20, 99: in two halves of 50 us; in halves of two events; in windows of 20. */
    mye_event event[] = {{100, 0, 0, 1}, {110, 1, 0, 0}, {120, 3, 2, 1}, {199, 3, 3, 0}};
    mye_events events = {.event = event, .n = 4};
    const mye_frames_shape s = {2, 2, 4, 4, 4, 4}, half = {2, 1, 2, 2, 4, 4};
    static const int expected[3][4] = {{0, 0, 0, 1}, {0, 0, 1, 1}, {0, 0, 1, 1}};
    float frames[64];

    (void)state;
    for (int rule = TIME; rule <= WINDOW; rule++) {
        const mye_binning b = by(rule, 0, 20);
        assert_int_equal(mye_binning_count(&b, &events, &s, frames), 0);
        for (int i = 0; i < 4; i++) {
            const mye_event *e = &event[i];
            assert_true(frames[expected[rule][i] * 32 + (e->y * 4 + e->x) * 2 + e->polarity] == 1);
        }
    }
    const mye_binning drop = by(WINDOW, 1, 20), time = by(TIME, 0, 1);
    assert_int_equal(mye_binning_count(&drop, &events, &s, frames), 1);
    mye_binning_count(&time, &events, &half, frames);
    assert_true(frames[0] == 2 && frames[3] == 1 && frames[4 + 3] == 1);
}

static void counts_become_values_as_asked(void **state)
{
    mye_binning b = by(TIME, 0, 1);

    (void)state;
    for (int value = 0; value < 3; value++) {
        const double wanted[3][3] = {{0, 1, 3}, {0, 1, 1}, {0, log(2), log(4)}};
        float x[3] = {0, 1, 9};
        b.value = value;
        b.clip = 3;
        b.divide = 2;
        mye_binning_scale(&b, 3, x);
        for (int i = 0; i < 3; i++)
            assert_true(fabs((double)x[i] - wanted[value][i] / 2) < 1e-6);
    }
}

static void recordings_out_of_order_are_sorted_and_equal_times_stay_in_order(void **state)
{
    mye_events events = {.ctx = NULL};

    (void)state;
    for (int i = 0; i < 1000; i++)
        ASSERT_OK(mye_events_add(&events, &(mye_event){.t_us = (i * 7919) % 101, .x = (uint16_t)i},
                                 &err));
    ASSERT_OK(mye_events_finish(&events, "x", &err));
    assert_int_equal(events.n, 1000);
    for (int i = 1; i < 1000; i++) {
        const mye_event *a = &events.event[i - 1], *b = &events.event[i];
        assert_true(a->t_us < b->t_us || (a->t_us == b->t_us && a->x < b->x));
    }
    assert_int_equal(mye_events_duration(&events), 100);
    events.event[999].t_us = (int64_t)1 << 41;
    ASSERT_FAILS(mye_events_finish(&events, "long", &err), MYE_ERR_FORMAT, "long: the events span");
    mye_events_free(&events);
    ASSERT_FAILS(mye_events_finish(&events, "none", &err), MYE_ERR_FORMAT, "holds no event");
}

/* ---- formats ---- */

static void atis_files_are_read_and_overflow_marks_move_the_clock(void **state)
{
    static bytes f;
    mye_events e = {.ctx = NULL};

    (void)state;
    f.n = 0;
    put_atis(&f, 10, 30, 1, 937);
    put_atis(&f, 0, 240, 0, 8191);
    put_atis(&f, 33, 20, 0, 5);
    put_atis(&f, 0, 240, 0, 8191);
    put_atis(&f, 1, 2, 1, 0x7fffff);
    ASSERT_OK(mye_atis_decode("a", f.data, f.n, 34, 34, &e, &err));
    assert_int_equal(e.n, 3);
    assert_true(e.event[0].x == 10 && e.event[0].y == 30 && e.event[0].polarity == 1);
    assert_true(e.event[0].t_us == 937 && e.event[1].t_us == 8192 + 5 && e.event[1].polarity == 0);
    assert_true(e.event[2].t_us == 2 * 8192 + 0x7fffff);
    mye_events_free(&e);
    ASSERT_FAILS(mye_atis_decode("a", f.data, f.n - 1, 34, 34, &e, &err), MYE_ERR_FORMAT,
                 "24 bytes are no whole number of events");
    mye_events_free(&e);
    ASSERT_FAILS(mye_atis_decode("a", f.data, f.n, 30, 34, &e, &err), MYE_ERR_FORMAT,
                 "event 2 is at column 33, row 20, outside of 30 columns");
    mye_events_free(&e);
    ASSERT_FAILS(mye_atis_decode("a", f.data, 0, 34, 34, &e, &err), MYE_ERR_FORMAT, "no event");
    ASSERT_FAILS(mye_atis_decode("a", f.data + 5, 5, 34, 34, &e, &err), MYE_ERR_FORMAT, "no event");
    mye_events_free(&e);
}

static void aedat2_files_are_read_as_the_usual_readers_do(void **state)
{
    static bytes f;
    mye_events e = {.ctx = NULL};

    (void)state;
    f.n = 0;
    put_text(&f, aedat2_header);
    const size_t header = f.n;
    put_aedat2(&f, 100, 3, 1, 5000);
    put_big(&f, 0x8000, 4); /* a special event */
    put_big(&f, 5001, 4);
    put_aedat2(&f, 0, 127, 0, 0xfffffff0u);
    ASSERT_OK(mye_aedat2_decode("a", f.data, f.n, &e, &err));
    assert_int_equal(e.n, 2);
    assert_true(e.event[0].x == 27 && e.event[0].y == 124 && e.event[0].polarity == 0);
    assert_true(e.event[1].x == 127 && e.event[1].y == 0 && e.event[1].polarity == 1);
    assert_true(e.event[0].t_us == 5000 && e.event[1].t_us == 0xfffffff0);
    mye_events_free(&e);
    ASSERT_FAILS(mye_aedat2_decode("a", f.data, f.n - 3, &e, &err), MYE_ERR_FORMAT,
                 "21 bytes after");
    ASSERT_FAILS(mye_aedat2_decode("a", f.data, header, &e, &err), MYE_ERR_FORMAT, "no event");
    ASSERT_FAILS(mye_aedat2_decode("a", f.data, header - 1, &e, &err), MYE_ERR_FORMAT,
                 "ends within its header");
    ASSERT_FAILS(mye_aedat2_decode("a", aedat3_header, 20, &e, &err), MYE_ERR_FORMAT,
                 "does not begin with #!AER-DAT2.0");
    mye_events_free(&e);
}

/* Two polarity packets with one of another type in between. */
static void small_aedat3(bytes *f)
{
    f->n = 0;
    put_text(f, aedat3_header);
    put_aedat3_packet(f, 1, 8, 0, 3);
    put_aedat3(f, 5, 6, 1, 1, 100);
    put_aedat3(f, 7, 8, 0, 0, 150); /* not valid */
    put_aedat3(f, 9, 10, 0, 1, 200);
    put_aedat3_packet(f, 0, 4, 0, 2);
    put_little(f, 1, 4);
    put_little(f, 2, 4);
    put_aedat3_packet(f, 1, 8, 1, 2);
    put_aedat3(f, 11, 12, 1, 1, 0);
    put_aedat3(f, 127, 127, 1, 1, 50);
}

static void aedat3_trials_are_found_and_decoded(void **state)
{
    static bytes f;
    const int64_t far = (int64_t)1 << 31, start[] = {150, 0, far + 10, 300};
    const int64_t end[] = {far + 1, 100, far + 51, 400};
    static const size_t wanted[] = {2, 0, 1, 0};
    mye_aedat3_span span[4];

    (void)state;
    small_aedat3(&f);
    ASSERT_OK(mye_aedat3_index("a", f.data, f.n, 4, start, end, span, &err));
    assert_int_equal(span[0].from, sizeof aedat3_header - 1);
    assert_int_equal(span[0].to, f.n);
    assert_true(span[1].to == 0 && span[3].to == 0 && span[2].to == f.n);
    for (int k = 0; k < 4; k++) {
        mye_events e = {.ctx = NULL};
        const mye_status st =
            mye_aedat3_decode("a", f.data, f.n, span[k], start[k], end[k], 128, 128, &e, NULL);
        assert_int_equal(st, wanted[k] ? MYE_OK : MYE_ERR_FORMAT);
        assert_int_equal(e.n, wanted[k]);
        if (k == 0)
            assert_true(e.event[0].x == 9 && e.event[0].y == 10 && e.event[0].polarity == 0 &&
                        e.event[1].t_us == far && e.event[1].x == 11 && e.event[1].y == 12);
        mye_events_free(&e);
    }
}

/* Index and decode all. */
static mye_status whole_aedat3(const bytes *f, size_t n, int side, size_t *events, mye_error *err)
{
    const int64_t start = 0, end = INT64_MAX;
    mye_aedat3_span span;
    mye_events e = {.ctx = NULL};
    mye_status st = mye_aedat3_index("a", f->data, n, 1, &start, &end, &span, err);

    if (st == MYE_OK)
        st = mye_aedat3_decode("a", f->data, n, span, start, end, side, side, &e, err);
    *events = e.n;
    mye_events_free(&e);
    return st;
}

static void damaged_aedat3_files_are_refused(void **state)
{
    static bytes f;
    const size_t header = sizeof aedat3_header - 1;
    size_t n;

    (void)state;
    small_aedat3(&f);
    ASSERT_OK(whole_aedat3(&f, f.n, 128, &n, &err));
    assert_int_equal(n, 4);
    /* Cut anywhere: either a sentence, or fewer events at a packet's end. */
    for (size_t cut = 0; cut < f.n; cut++) {
        mye_error err = {0};
        const mye_status st = whole_aedat3(&f, cut, 128, &n, &err);
        assert_true((st == MYE_OK && n == 2) || (st == MYE_ERR_FORMAT && err.message[0]));
    }
    ASSERT_FAILS(whole_aedat3(&f, 30, 128, &n, &err), MYE_ERR_FORMAT, "no line #!END-HEADER");
    ASSERT_FAILS(whole_aedat3(&f, header + 5, 128, &n, &err), MYE_ERR_FORMAT,
                 "within the header of the packet");
    ASSERT_FAILS(whole_aedat3(&f, f.n, 100, &n, &err), MYE_ERR_FORMAT, "column 127, row 127");
    f.data[header + 16] = 0xff; /* capacity */
    ASSERT_FAILS(whole_aedat3(&f, f.n, 128, &n, &err), MYE_ERR_FORMAT,
                 "3 of 255 events of 8 bytes");
    f.data[header + 19] = 0xff;
    ASSERT_FAILS(whole_aedat3(&f, f.n, 128, &n, &err), MYE_ERR_FORMAT, "but");
    small_aedat3(&f);
    f.data[header + 4] = 0;
    ASSERT_FAILS(whole_aedat3(&f, f.n, 128, &n, &err), MYE_ERR_FORMAT, "events of 0 bytes");
    small_aedat3(&f);
    f.data[header + 8] = 3;
    ASSERT_FAILS(whole_aedat3(&f, f.n, 128, &n, &err), MYE_ERR_FORMAT, "the time at 3");
    f.data[0] = 'x';
    ASSERT_FAILS(whole_aedat3(&f, f.n, 128, &n, &err), MYE_ERR_FORMAT, "#!AER-DAT3.1");
}

static void spikes_of_a_cochlea_become_events(void **state)
{
    const float time_s[] = {0.5f, 0.25f, 1.0f};
    const uint16_t unit[] = {699, 3, 4};
    mye_events e = {.ctx = NULL};

    (void)state;
    ASSERT_OK(mye_spikes_decode("s", 3, time_s, unit, 700, &e, &err));
    assert_true(e.event[0].x == 3 && e.event[0].t_us == 250000 && e.event[1].x == 699);
    mye_events_free(&e);
    ASSERT_FAILS(mye_spikes_decode("s", 3, time_s, unit, 699, &e, &err), MYE_ERR_FORMAT,
                 "column 699");
    mye_events_free(&e);
    ASSERT_FAILS(mye_spikes_decode("s", 1, &(float){NAN}, unit, 700, &e, &err), MYE_ERR_FORMAT,
                 "spike 0 is at");
    ASSERT_FAILS(mye_spikes_decode("s", 1, &(float){-1.0f}, unit, 700, &e, &err), MYE_ERR_FORMAT,
                 "from 0 to");
    mye_events_free(&e);
}

/* ---- augmentation ---- */

static void roll_moves_every_value_and_loses_none(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_augment_list list;
    float x[5 * 7 * 2], y[5 * 7 * 2], scratch[5 * 7 * 2];
    int shifts = 0;

    (void)state;
    ASSERT_OK(mye_augment_parse(ctx, "roll:pixels=2", 2, 5, 7, &list, &err));
    ASSERT_OK(mye_augment_check_frames(&list, &err));
    for (uint64_t seed = 0; seed < 60; seed++) {
        int dy = -9, dx = -9;
        for (int i = 0; i < 70; i++)
            x[i] = y[i] = (float)i;
        mye_augment_image(&list, 2, 5, 7, seed, x, scratch);
        for (int i = 0; i < 35; i++) /* where pixel 0 has gone */
            if (x[2 * i] == 0)
                dy = i / 7, dx = i % 7;
        for (int i = 0; i < 35; i++) {
            const int to = (i / 7 + dy) % 5 * 7 + (i % 7 + dx) % 7;
            assert_true(x[2 * to] == y[2 * i] && x[2 * to + 1] == y[2 * i + 1]);
        }
        assert_true(dx <= 2 || dx >= 5);
        shifts |= 1 << dx;
    }
    assert_int_equal(shifts, 1 | 2 | 4 | 32 | 64);
    ASSERT_FAILS(mye_augment_parse(ctx, "roll:pixels=5", 2, 5, 7, &list, &err), MYE_ERR_ARG, "5x7");
    ASSERT_OK(mye_augment_parse(ctx, "flip noise", 2, 5, 7, &list, &err));
    ASSERT_FAILS(mye_augment_check_frames(&list, &err), MYE_ERR_UNSUPPORTED, "'noise'");
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_binning_conserves_random_events),
        cmocka_unit_test(every_binning_conserves_real_recordings),
        cmocka_unit_test(frames_are_where_and_when_the_events_are),
        cmocka_unit_test(counts_become_values_as_asked),
        cmocka_unit_test(recordings_out_of_order_are_sorted_and_equal_times_stay_in_order),
        cmocka_unit_test(atis_files_are_read_and_overflow_marks_move_the_clock),
        cmocka_unit_test(aedat2_files_are_read_as_the_usual_readers_do),
        cmocka_unit_test(aedat3_trials_are_found_and_decoded),
        cmocka_unit_test(damaged_aedat3_files_are_refused),
        cmocka_unit_test(spikes_of_a_cochlea_become_events),
        cmocka_unit_test(roll_moves_every_value_and_loses_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
