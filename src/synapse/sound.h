/*
 * Sounds: labelled waveforms, from files or made here. One data set = one file + one line in
 * sound_list.inc.
 */
#ifndef MYE_SOUND_H
#define MYE_SOUND_H

#include "data/names.h"
#include "synapse/patterns.h"
#include "synapse/wav.h"

/* The sounds of one split. */
typedef struct mye_sounds {
    mye_context *ctx;
    int64_t n, room;
    int32_t *label, *group; /* [n]                                                 */
    uint64_t *tag;          /* [n]: what random numbers about a sound are drawn from */
    mye_names classes;
    mye_names paths; /* [n], whole ones; empty where there are no files         */
    void *self;      /* one block of the data set's own, or NULL                */
} mye_sounds;

typedef struct mye_sound_type {
    mye_entry entry;
    mye_status (*open)(const void *options, const mye_source_request *ask, mye_sounds *out,
                       mye_error *err);
    /* Sound i; any threads at once. */
    mye_status (*read)(const mye_sounds *sounds, int64_t i, mye_wave *out, mye_error *err);
} mye_sound_type;

extern const mye_kind mye_kind_sound;

mye_status mye_sounds_add(mye_sounds *sounds, int32_t label, int32_t group, uint64_t tag,
                          mye_error *err);
/* Adds the file ROOT/NAME, whose tag is that of its name without folders. */
mye_status mye_sounds_add_file(mye_sounds *sounds, const char *root, const char *name,
                               int32_t label, int32_t group, mye_error *err);
mye_status mye_sounds_add_class(mye_sounds *sounds, const char *name, mye_error *err);
/* A `read` for data sets of files. */
mye_status mye_sounds_read_file(const mye_sounds *sounds, int64_t i, mye_wave *out, mye_error *err);
void mye_sounds_free(mye_sounds *sounds);
/* Whether a path is a sound file, by its ending. */
bool mye_sound_is_file(const char *path);

#endif
