/*
 * The growing text buffer of base.h.
 */
#include <stdarg.h>
#include <string.h>

#include "base/base.h"

/* Room for n more bytes and the NUL. */
static bool reserve(mye_text *text, size_t n)
{
    if (text->failed)
        return false;
    if (text->cap > text->length && n < text->cap - text->length)
        return true;
    size_t cap = text->cap > 0 ? text->cap : 256;
    while (cap <= text->length || cap - text->length <= n) {
        if (cap > SIZE_MAX / 4) {
            text->failed = true;
            return false;
        }
        cap *= 2;
    }
    char *data = mye_grow(text->ctx, text->data, text->data != NULL ? text->length + 1 : 0, cap);
    if (data == NULL) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->cap = cap;
    return true;
}

void mye_text_add_bytes(mye_text *text, const void *bytes, size_t n)
{
    if (!reserve(text, n))
        return;
    if (n > 0)
        memcpy(text->data + text->length, bytes, n);
    text->length += n;
    text->data[text->length] = '\0';
}

void mye_text_add(mye_text *text, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, format, args);
    if (n < 0)
        text->failed = true;
    else if (reserve(text, (size_t)n)) {
        vsnprintf(text->data + text->length, (size_t)n + 1, format, again);
        text->length += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

void mye_text_free(mye_text *text)
{
    mye_free(text->ctx, text->data);
    *text = (mye_text){.ctx = text->ctx};
}
