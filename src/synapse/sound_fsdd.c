/*
 * Free Spoken Digit Dataset: recordings/{digit}_{speaker}_{index}.wav. The authors' split: index 0
 * to 4 is for testing. Groups are speakers.
 * Source: Jackson et al., github.com/Jakobovski/free-spoken-digit-dataset, CC BY-SA 4.0.
 */
#include <string.h>

#include "data/files.h"
#include "synapse/sound.h"

#define OF_TEST 5 /* recordings of a digit by a speaker in a test split */

typedef struct options {
    int64_t fold;
} options;

static const mye_param params[] = {
    {"fold", MYE_PARAM_INT, offsetof(options, fold), 0, "0", 0, 9, NULL, NULL, "",
     "0: the authors' split; 1, 2, ..: their training recordings only, of which 5 fold .. 5 fold + "
     "4 "
     "are for testing, to choose settings by"},
    {0},
};

/* One file name, taken apart. */
typedef struct recording {
    int32_t digit;
    int64_t index;
    char speaker[64];
} recording;

static bool take_apart(const char *name, recording *out)
{
    const char *last = strrchr(name, '_'), *dot = strrchr(name, '.');
    if (name[0] < '0' || name[0] > '9' || name[1] != '_' || last < name + 3 || !dot || dot < last)
        return false;
    const size_t n = (size_t)(last - name) - 2, m = (size_t)(dot - last) - 1;
    char number[8] = "";
    if (n >= sizeof(out->speaker) || m < 1 || m >= sizeof(number))
        return false;
    memcpy(out->speaker, name + 2, n);
    out->speaker[n] = '\0';
    memcpy(number, last + 1, m);
    out->digit = name[0] - '0';
    return mye_parse_int(number, &out->index) && out->index >= 0;
}

/* The number of a speaker, in the order in which they turn up. */
static mye_status number_of(mye_names *speakers, const char *speaker, int32_t *out, mye_error *err)
{
    for (*out = 0; *out < speakers->n; ++*out)
        if (strcmp(speakers->name[*out], speaker) == 0)
            return MYE_OK;
    return mye_names_add(speakers, mye_strdup(speakers->ctx, speaker), err);
}

static bool belongs(int64_t index, int64_t fold, bool is_train)
{
    if (fold > 0 && index < OF_TEST)
        return false;
    return (index / OF_TEST == fold) != is_train;
}

static mye_status list(const char *root, int64_t fold, bool is_train, mye_sounds *out,
                       mye_error *err)
{
    mye_names files = {.ctx = out->ctx}, speakers = {.ctx = out->ctx};
    mye_status st = mye_names_list(&files, root, mye_sound_is_file, err);
    for (int64_t i = 0; st == MYE_OK && i < files.n; i++) {
        recording r;
        int32_t group;
        if (!take_apart(files.name[i], &r))
            st = mye_fail(err, MYE_ERR_FORMAT, "%s/%s: expected the name DIGIT_SPEAKER_INDEX.wav",
                          root, files.name[i]);
        if (st == MYE_OK)
            st = number_of(&speakers, r.speaker, &group, err);
        if (st == MYE_OK && belongs(r.index, fold, is_train))
            st = mye_sounds_add_file(out, root, files.name[i], r.digit, group, err);
    }
    if (st == MYE_OK && out->n == 0)
        st = mye_fail(err, MYE_ERR_FORMAT, "%s: it has no recordings for the %s split", root,
                      is_train ? "train" : "test");
    mye_names_free(&files);
    mye_names_free(&speakers);
    return st;
}

static mye_status open_sounds(const void *opt, const mye_source_request *ask, mye_sounds *out,
                              mye_error *err)
{
    static const char *const folders[] = {"fsdd/recordings", "free-spoken-digit-dataset/recordings",
                                          "recordings", "fsdd", NULL};
    static const mye_data_search search = {
        "fsdd", folders, NULL, "0_jackson_0.wav",
        "the recordings are at github.com/Jakobovski/free-spoken-digit-dataset"};
    const options *o = opt;
    char *root = NULL;
    MYE_TRY(mye_data_find(out->ctx, &search, ask->dir, &root, err));
    mye_status st = MYE_OK;
    for (int k = 0; k < 10 && st == MYE_OK; k++) {
        const char name[2] = {(char)('0' + k), '\0'};
        st = mye_sounds_add_class(out, name, err);
    }
    if (st == MYE_OK)
        st = list(root, o->fold, strcmp(ask->split, "train") == 0, out, err);
    mye_free(out->ctx, root);
    return st;
}

extern const mye_sound_type mye_sound_fsdd;
const mye_sound_type mye_sound_fsdd = {
    .entry = {"fsdd", "spoken digits, 8 kHz (Free Spoken Digit Dataset)",
              "Jackson et al., github.com/Jakobovski/free-spoken-digit-dataset", params,
              sizeof(options)},
    .open = open_sounds,
    .read = mye_sounds_read_file,
};
