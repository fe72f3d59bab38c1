#include "io/jsontext.h"

static int add(const char *text, size_t bytes, void *to)
{
    mye_text_add_bytes(to, text, bytes);
    return 0;
}

bool mye_json_add(mye_text *out, json_t *object, size_t flags)
{
    const bool ok = object != NULL && json_dump_callback(object, add, out, flags) == 0;
    json_decref(object);
    return ok && !out->failed;
}
