/* Spike patterns in files of NumPy: columns of numbers by name, and the two forms that hold them. */
#ifndef MYE_PATTERN_FILE_H
#define MYE_PATTERN_FILE_H

#include "data/npy.h"
#include "synapse/patterns.h"

/* What a file may say: of a spike, of its pattern, of all. */
typedef enum mye_said {
    MYE_SAID_T,
    MYE_SAID_UNIT,
    MYE_SAID_COEFFICIENT,
    MYE_SAID_PATTERN,
    MYE_SAID_LABEL,
    MYE_SAID_WINDOW,
    MYE_SAID_GROUP,
    MYE_SAID_FIRST,
    MYE_SAID_UNITS,
    MYE_SAID_CLASSES,
    MYE_SAID_N
} mye_said;

/* A field of the records of a file, or an array of an archive. */
typedef struct mye_column {
    const mye_npy *npy; /* NULL: the file does not say */
    int field;
    mye_said said;
} mye_column;

/* Finds what the fields of records say; only the first n are known here. Unknown ones are refused. */
mye_status mye_columns_find(const mye_npy *npy, int n, mye_column *column, mye_error *err);
/* Is every value one that it may be? Gives the largest; -1 when there is none. */
mye_status mye_column_check(const mye_column *column, double *largest, mye_error *err);
double mye_column_at(const mye_column *column, size_t i);
/* What a column is called in files. */
const char *mye_said_name(mye_said said);

/* A pattern file in memory; `name` is for messages. Its form is seen from its content. */
mye_status mye_patterns_parse(mye_context *ctx, const char *name, const void *data, size_t bytes,
                              int32_t units, int32_t classes, mye_patterns **out, mye_error *err);

/* Where patterns are put together from columns. */
typedef struct mye_pattern_reader {
    mye_context *ctx;
    const char *name;
    mye_column column[MYE_SAID_N];
    size_t records;
    int32_t units, classes; /* at least so many */
    double last_ms;         /* of all spikes    */
    mye_patterns *set;
} mye_pattern_reader;

/* Checks the columns of spikes, labels, windows and groups; creates the set with room for n patterns. */
mye_status mye_pattern_reader_begin(mye_pattern_reader *r, int64_t n, mye_error *err);
/* Adds the pattern of the spikes [start, end); what is said of it stands at place `at`. */
mye_status mye_pattern_reader_add(mye_pattern_reader *r, size_t start, size_t end, size_t at,
                                  mye_error *err);
/* A file of records; an archive (pattern_archive.c). */
mye_status mye_pattern_records(mye_pattern_reader *r, const void *data, size_t bytes,
                               mye_error *err);
mye_status mye_pattern_archive(mye_pattern_reader *r, const void *data, size_t bytes,
                               mye_error *err);

#endif
