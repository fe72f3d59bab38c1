/* The text files of DVS-Gesture. */
#include <inttypes.h>
#include <string.h>

#include "data/gesture_files.h"

#define LINE_MAX_BYTES 200

/* Copies the line at *text without white space at its ends, and steps behind it; false at the end. */
static mye_status next_line(const char *name, const char **text, int *number,
                            char line[LINE_MAX_BYTES], bool *is_there, mye_error *err)
{
    *is_there = **text != '\0';
    if (!*is_there)
        return MYE_OK;
    size_t n = strcspn(*text, "\n");
    const char *from = *text;
    *text += n + (from[n] == '\n');
    (*number)++;
    while (n > 0 && strchr(" \t\r", from[n - 1]))
        n--;
    for (; n > 0 && strchr(" \t", *from); from++)
        n--;
    if (n >= LINE_MAX_BYTES)
        return mye_fail(err, MYE_ERR_FORMAT, "%s:%d: the line is longer than %d letters", name,
                        *number, LINE_MAX_BYTES - 1);
    memcpy(line, from, n);
    line[n] = '\0';
    return MYE_OK;
}

mye_status mye_gesture_list(const char *name, const char *text, mye_names *out, mye_error *err)
{
    char line[LINE_MAX_BYTES];
    bool is_there;

    for (int number = 0;;) {
        MYE_TRY(next_line(name, &text, &number, line, &is_there, err));
        if (!is_there)
            return MYE_OK;
        if (!line[0])
            continue;
        const char *dot = strrchr(line, '.');
        if (strchr(line, '/') || !dot || dot == line || strcmp(dot, ".aedat") != 0)
            return mye_fail(err, MYE_ERR_FORMAT,
                            "%s:%d: expected the name of an .aedat file, got '%.60s'", name, number,
                            line);
        MYE_TRY(mye_names_add(out, mye_strdup(out->ctx, line), err));
    }
}

/* "3,100,200"; nothing else on the line. */
static bool read_trial(const char *line, mye_gesture_trial *trial)
{
    int64_t value[3];
    char field[32];

    for (int k = 0; k < 3; k++) {
        const size_t n = strcspn(line, ",");
        if (n >= sizeof field || (line[n] == ',') != (k < 2))
            return false;
        memcpy(field, line, n);
        field[n] = '\0';
        if (!mye_parse_int(field, &value[k]))
            return false;
        line += n + (k < 2);
    }
    *trial = (mye_gesture_trial){(int)value[0] - 1, value[1], value[2]};
    return value[0] >= 1 && value[0] <= MYE_GESTURE_CLASSES && value[1] >= 0 && value[2] > value[1];
}

mye_status mye_gesture_labels(const char *name, const char *text, int room,
                              mye_gesture_trial *trial, int *n, mye_error *err)
{
    char line[LINE_MAX_BYTES];
    bool is_there;
    mye_gesture_trial one;

    *n = 0;
    for (int number = 0;;) {
        MYE_TRY(next_line(name, &text, &number, line, &is_there, err));
        if (!is_there)
            return MYE_OK;
        if (!line[0] || (number == 1 && strncmp(line, "class", 5) == 0))
            continue;
        if (!read_trial(line, &one))
            return mye_fail(err, MYE_ERR_FORMAT,
                            "%s:%d: expected a class from 1 to %d, a start and a later end in us, "
                            "got '%.60s'",
                            name, number, MYE_GESTURE_CLASSES, line);
        if (*n == room)
            return mye_fail(err, MYE_ERR_FORMAT, "%s: it has more than %d trials", name, room);
        trial[(*n)++] = one;
    }
}
