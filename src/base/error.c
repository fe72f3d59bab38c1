#include "myelin/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/state.h"

const char *mye_status_name(mye_status code)
{
    static const char *const name[] = {
        [MYE_OK] = "MYE_OK",
        [MYE_ERR_ARG] = "MYE_ERR_ARG",
        [MYE_ERR_SHAPE] = "MYE_ERR_SHAPE",
        [MYE_ERR_NOMEM] = "MYE_ERR_NOMEM",
        [MYE_ERR_IO] = "MYE_ERR_IO",
        [MYE_ERR_FORMAT] = "MYE_ERR_FORMAT",
        [MYE_ERR_UNSUPPORTED] = "MYE_ERR_UNSUPPORTED",
        [MYE_ERR_NUMERIC] = "MYE_ERR_NUMERIC",
        [MYE_ERR_STATE] = "MYE_ERR_STATE",
        [MYE_ERR_CANCELLED] = "MYE_ERR_CANCELLED",
    };
    const size_t i = (size_t)code;
    return i < sizeof name / sizeof *name ? name[i] : "MYE_ERR_UNKNOWN";
}

/* Cuts at `limit` bytes without splitting a UTF-8 character, and marks the cut. */
static void shorten(char *text, size_t limit)
{
    size_t end = limit - sizeof "...";
    while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
        end--;
    memcpy(text + end, "...", sizeof "...");
}

/* A copy first: the arguments may point into the very error that is being filled. Control
 * characters come from the user's input; a message is one line. */
void mye_message(char *out, size_t size, const char *format, va_list args)
{
    char text[sizeof((mye_error *)NULL)->message];
    const size_t room = size < sizeof text ? size : sizeof text;
    const int n = vsnprintf(text, room, format, args);
    if (n < 0)
        text[0] = '\0';
    else if ((size_t)n >= room)
        shorten(text, room);
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    memcpy(out, text, strlen(text) + 1);
}

mye_status mye_fail(mye_error *err, mye_status code, const char *format, ...)
{
    if (err == NULL)
        return code;
    va_list args;
    va_start(args, format);
    mye_message(err->message, sizeof err->message, format, args);
    va_end(args);
    err->code = code;
    err->hint[0] = '\0';
    return code;
}

mye_status mye_hint(mye_error *err, const char *format, ...)
{
    if (err == NULL)
        return MYE_OK;
    va_list args;
    va_start(args, format);
    mye_message(err->hint, sizeof err->hint, format, args);
    va_end(args);
    return err->code;
}
