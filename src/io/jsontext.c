#include "io/jsontext.h"

static int add(const char *text, size_t bytes, void *to)
{
    mye_text_add_bytes(to, text, bytes);
    return 0;
}

mye_status mye_json_parse(const char *source, const void *text, size_t bytes, size_t flags,
                          json_t **out, mye_error *err)
{
    json_error_t where = {0};
    *out = json_loadb(text, bytes, flags, &where);
    if (*out != NULL)
        return MYE_OK;
    /* Text that is wrong is always explained; jansson says nothing where malloc failed. */
    if (where.text[0] == '\0' || json_error_code(&where) == json_error_out_of_memory)
        return mye_no_memory(err, bytes, "reading JSON");
    return mye_fail(err, MYE_ERR_FORMAT, "%.200s:%d:%d: this is no JSON: %.120s", source,
                    where.line, where.column, where.text);
}

bool mye_json_add(mye_text *out, json_t *object, size_t flags)
{
    const bool ok = object != NULL && json_dump_callback(object, add, out, flags) == 0;
    json_decref(object);
    return ok && !out->failed;
}
