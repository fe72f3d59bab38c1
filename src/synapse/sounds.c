/* Data sets of sounds by name, and what they share. */
#include "synapse/sound.h"

#include <string.h>

#include "synapse/sound_list.inc"

#define DECLARE(name) extern const mye_sound_type mye_sound_##name;
MYE_SOUND_LIST(DECLARE)
#define ENTRY(name) &mye_sound_##name.entry,
static const mye_entry *const entries[] = {MYE_SOUND_LIST(ENTRY) NULL};
const mye_kind mye_kind_sound = {"sound", "Which sounds are heard?", entries};

static mye_status grow(mye_sounds *s, void **block, size_t size, int64_t room, mye_error *err)
{
    void *grown = mye_grow(s->ctx, *block, (size_t)s->n * size, (size_t)room * size);
    if (!grown)
        return mye_no_memory(err, (size_t)room * size, "a list of sounds");
    *block = grown;
    return MYE_OK;
}

mye_status mye_sounds_add(mye_sounds *s, int32_t label, int32_t group, uint64_t tag, mye_error *err)
{
    if (s->n == s->room) {
        const int64_t room = s->room > 0 ? 2 * s->room : 64;
        MYE_TRY(grow(s, (void **)&s->label, sizeof(*s->label), room, err));
        MYE_TRY(grow(s, (void **)&s->group, sizeof(*s->group), room, err));
        MYE_TRY(grow(s, (void **)&s->tag, sizeof(*s->tag), room, err));
        s->room = room;
    }
    s->label[s->n] = label;
    s->group[s->n] = group;
    s->tag[s->n++] = tag;
    return MYE_OK;
}

mye_status mye_sounds_add_file(mye_sounds *s, const char *root, const char *name, int32_t label,
                               int32_t group, mye_error *err)
{
    const char *slash = strrchr(name, '/'), *own = slash ? slash + 1 : name;
    mye_text path = {.ctx = s->ctx};
    mye_text_add(&path, "%s/%s", root, name);
    if (path.failed) {
        mye_text_free(&path);
        return mye_no_memory(err, 0, "a path");
    }
    MYE_TRY(mye_names_add(&s->paths, path.data, err)); /* takes the path over */
    return mye_sounds_add(s, label, group, mye_crc32c(0, own, strlen(own)), err);
}

mye_status mye_sounds_add_class(mye_sounds *s, const char *name, mye_error *err)
{
    return mye_names_add(&s->classes, mye_strdup(s->ctx, name), err);
}

mye_status mye_sounds_read_file(const mye_sounds *s, int64_t i, mye_wave *out, mye_error *err)
{
    return mye_wave_read(s->ctx, s->paths.name[i], out, err);
}

void mye_sounds_free(mye_sounds *s)
{
    mye_names_free(&s->classes);
    mye_names_free(&s->paths);
    mye_free(s->ctx, s->label);
    mye_free(s->ctx, s->group);
    mye_free(s->ctx, s->tag);
    mye_free(s->ctx, s->self);
    *s = (mye_sounds){.ctx = s->ctx};
}

bool mye_sound_is_file(const char *path)
{
    return mye_wave_has_suffix(path) && mye_file_exists(path);
}
