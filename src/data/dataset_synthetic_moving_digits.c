/*
 * SYNTHETIC event data: pictures of MNIST or Fashion-MNIST that move over a canvas, seen by an ideal
 * event camera (moving_digits.h). For where no recorded set is at hand, and for tasks in which only
 * the order of events tells the class. Sample i is a pure function of (seed, split, i): picture i,
 * with direction, start and duration drawn.
 */
#include <string.h>

#include "data/event_set.h"
#include "data/files.h"
#include "data/moving_digits.h"

#define DIGITS     10
#define DIRECTIONS 8
#define NAME_BYTES 48
/* The canvas, and twice the usual number of events, with a copy to sort. Busier ones take more. */
#define READ_BYTES_PER_PIXEL (12 + 2 * 16 * sizeof(mye_event))

enum { LABEL_DIGIT, LABEL_MOTION, LABEL_BOTH };
enum { IMAGES_FASHION, IMAGES_MNIST };

typedef struct options {
    mye_binning binning;
    int images, label;
    int directions; /* index of 2, 4, 8 */
    int64_t limit, seed, side;
    double threshold;
} options;

typedef struct moving {
    mye_event_set events; /* first */
    mye_dataset *images;
    int label_kind, directions;
    uint64_t seed;
    int side;
    double threshold;
    char source[96]; /* for info */
    const char **class_name;
    char (*class_text)[NAME_BYTES]; /* both [classes] */
    int classes;
} moving;

static const mye_param params[] = {
    MYE_BINNING_PARAMS(options, binning),
    MYE_BINNING_POLARITY(options, binning),
    {"directions", MYE_PARAM_CHOICE, offsetof(options, directions), 0, "4", 0, 0, "2|4|8", NULL, "",
     "directions of motion: along a row; rows and columns; diagonals too"},
    {"images", MYE_PARAM_CHOICE, offsetof(options, images), 0, "fashion-mnist", 0, 0,
     "fashion-mnist|mnist", NULL, "", "data set whose pictures move"},
    {"label", MYE_PARAM_CHOICE, offsetof(options, label), 0, "digit", 0, 0, "digit|motion|both",
     NULL, "", "what is to be told: the picture's class, the direction, or the pair of them"},
    {"limit", MYE_PARAM_INT, offsetof(options, limit), 0, "0", 0, 1e15, NULL, NULL, "samples",
     "use only the first samples of the split; 0 = all"},
    {"seed", MYE_PARAM_INT, offsetof(options, seed), 0, "1", 0, 9e15, NULL, NULL, "",
     "of direction, start and duration"},
    {"side", MYE_PARAM_INT, offsetof(options, side), 0, "34", 28, 128, NULL, NULL, "pixels",
     "of the canvas; opposite edges are joined"},
    {"threshold", MYE_PARAM_FLOAT, offsetof(options, threshold), 0, "0.4", 0.05, 2, NULL, NULL, "",
     "change of ln(brightness + 0.1) that makes an event"},
    {0},
};

static const int step_x[DIRECTIONS] = {1, -1, 0, 0, 1, -1, 1, -1};
static const int step_y[DIRECTIONS] = {0, 0, 1, -1, 1, -1, -1, 1};
static const char *const direction_name[DIRECTIONS] = {
    "right", "left", "down", "up", "down-right", "up-left", "up-right", "down-left"};

static uint64_t draw(const moving *set, int64_t i, uint64_t index, uint64_t n)
{
    return mye_random_below(mye_random_derive(set->seed, (uint64_t)i), MYE_STREAM_METHOD, index, n);
}

static int direction_of(const moving *set, int64_t i)
{
    return (int)draw(set, i, 0, (uint64_t)set->directions);
}

static mye_status decode(const void *self, int64_t i, mye_events *out, mye_error *err)
{
    const moving *set = self;
    const mye_dataset_info *info = mye_dataset_about(set->images);
    const size_t size = mye_dataset_sample_size(info);
    const int direction = direction_of(set, i);
    /* Speeds differ by a factor of two. */
    const mye_motion motion = {.side = set->side,
                               .start_x = (int)draw(set, i, 1, (uint64_t)set->side),
                               .start_y = (int)draw(set, i, 2, (uint64_t)set->side),
                               .dx = step_x[direction],
                               .dy = step_y[direction],
                               .duration_us = 200000 + (int64_t)draw(set, i, 3, 200000),
                               .threshold = set->threshold};
    float *picture = mye_alloc_array(set->events.ctx, size, sizeof *picture);
    int label;
    mye_status st = picture ? mye_dataset_read(set->images, i, picture, &label, err)
                            : mye_no_memory(err, size * sizeof *picture, "a picture");

    if (st == MYE_OK)
        st = mye_moving_digits_events(picture, info->W, info->H, &motion, "a synthetic recording",
                                      out, err);
    mye_free(set->events.ctx, picture);
    return st;
}

/* Labels of all samples, from the pictures' and the directions. */
static mye_status fill_labels(moving *set, mye_error *err)
{
    mye_context *ctx = set->events.ctx;
    const size_t n = (size_t)set->events.n,
                 size = mye_dataset_sample_size(mye_dataset_about(set->images));
    float *picture = mye_alloc_array(ctx, size, sizeof *picture);
    mye_status st = MYE_OK;

    set->events.label = mye_alloc_array(ctx, n, sizeof *set->events.label);
    if (!picture || !set->events.label)
        st = mye_no_memory(err, n * sizeof *set->events.label, "labels");
    for (int64_t i = 0; st == MYE_OK && i < set->events.n; i++) {
        const int direction = direction_of(set, i);
        int digit = 0;
        if (set->label_kind != LABEL_MOTION)
            st = mye_dataset_read(set->images, i, picture, &digit, err);
        set->events.label[i] = set->label_kind == LABEL_DIGIT ? digit
                               : set->label_kind == LABEL_MOTION
                                   ? direction
                                   : digit * set->directions + direction;
    }
    mye_free(ctx, picture);
    return st;
}

static mye_status name_classes(moving *set, mye_error *err)
{
    const mye_dataset_info *images = mye_dataset_about(set->images);
    const int directions = set->label_kind == LABEL_DIGIT ? 1 : set->directions;
    const int digits = set->label_kind == LABEL_MOTION ? 1 : DIGITS;

    set->classes = digits * directions;
    const size_t n = (size_t)set->classes;
    set->class_name = mye_alloc_array(set->events.ctx, n, sizeof *set->class_name);
    set->class_text = mye_alloc_array(set->events.ctx, n, sizeof *set->class_text);
    if (!set->class_name || !set->class_text)
        return mye_no_memory(err, n * NAME_BYTES, "class names");
    for (int k = 0; k < set->classes; k++) {
        snprintf(set->class_text[k], NAME_BYTES, "%.30s%s%s",
                 digits > 1 ? images->class_names[k / directions] : "",
                 digits > 1 && directions > 1 ? " " : "",
                 directions > 1 ? direction_name[k % directions] : "");
        set->class_name[k] = set->class_text[k];
    }
    return MYE_OK;
}

static mye_status fill(moving *set, const options *o, const char *dir, const char *split,
                       mye_dataset_info *info, size_t *bytes, mye_error *err)
{
    static const char *const name[] = {"fashion-mnist", "mnist"};

    MYE_TRY(mye_dataset_open(set->events.ctx, name[o->images], dir, split, &set->images, err));
    const mye_dataset_info *images = mye_dataset_about(set->images);
    set->label_kind = o->label;
    set->directions = 2 << o->directions;
    set->seed = mye_random_derive((uint64_t)o->seed, strcmp(split, "train") == 0 ? 0 : 1);
    set->side = (int)o->side;
    set->threshold = o->threshold;
    set->events.n = o->limit > 0 && o->limit < images->n ? o->limit : images->n;
    set->events.decode = decode;
    MYE_TRY(fill_labels(set, err));
    MYE_TRY(name_classes(set, err));
    snprintf(set->source, sizeof set->source, "SYNTHETIC: made by Myelin from pictures of %s",
             images->name);
    MYE_TRY(mye_event_set_camera(&set->events, &o->binning, info->frames, set->side, 0, err));
    mye_event_set_describe(&set->events, info);
    info->path = images->path;
    info->classes = set->classes;
    info->class_names = set->class_name;
    info->licence = images->licence;
    info->source = set->source;
    *bytes = sizeof *set + mye_dataset_bytes(set->images) +
             (size_t)set->events.n * sizeof *set->events.label +
             (size_t)set->classes * (sizeof *set->class_name + sizeof *set->class_text);
    info->read_bytes = mye_dataset_sample_size(images) * sizeof(float) +
                       (size_t)set->side * (size_t)set->side * READ_BYTES_PER_PIXEL;
    return MYE_OK;
}

static void close_set(mye_context *ctx, void *self)
{
    moving *set = self;

    mye_free(ctx, set->class_name);
    mye_free(ctx, set->class_text);
    mye_free(ctx, set->events.label);
    mye_dataset_free(set->images);
    mye_free(ctx, set);
}

static mye_status open_set(mye_context *ctx, const void *opt, const char *dir, const char *split,
                           mye_dataset_info *info, void **self, size_t *bytes, mye_error *err)
{
    moving *set;
    bool is_train;

    MYE_TRY(mye_data_split("synthetic-moving-digits", split, &is_train, err));
    set = mye_alloc(ctx, sizeof *set);
    if (!set)
        return mye_no_memory(err, sizeof *set, "a dataset");
    set->events.ctx = ctx;
    const mye_status st = fill(set, opt, dir, split, info, bytes, err);
    if (st == MYE_OK)
        *self = set;
    else
        close_set(ctx, set);
    return st;
}

const mye_dataset_type mye_dataset_synthetic_moving_digits = {
    .entry = {"synthetic-moving-digits",
              "SYNTHETIC events: pictures of (Fashion-)MNIST move before an ideal event camera", "",
              params, sizeof(options)},
    .has_frames = true,
    .open = open_set,
    .read = mye_event_set_read,
    .recording = mye_event_set_recording,
    .close = close_set,
};
