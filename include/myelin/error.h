/*
 * Errors: every call that can fail returns a status and fills an error object.
 *
 * The message is one sentence that names the thing, what was expected and what came, without a
 * newline. The hint, when not empty, says what to do. The library never prints, exits or aborts.
 */
#ifndef MYELIN_ERROR_H
#define MYELIN_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MYE_API               __attribute__((visibility("default")))
#define MYE_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define MYE_API
#define MYE_PRINTF(fmt, args)
#endif

typedef enum mye_status {
    MYE_OK = 0,
    MYE_ERR_ARG,         /* an option or argument out of range              */
    MYE_ERR_SHAPE,       /* shapes that do not fit                          */
    MYE_ERR_NOMEM,       /* not enough memory                               */
    MYE_ERR_IO,          /* the system refused: open, read, write, disk     */
    MYE_ERR_FORMAT,      /* a file whose content is wrong                   */
    MYE_ERR_UNSUPPORTED, /* well-formed, but this build or rule cannot      */
    MYE_ERR_NUMERIC,     /* NaN or infinity during training                 */
    MYE_ERR_STATE,       /* calls in the wrong order                        */
    MYE_ERR_CANCELLED    /* the user asked to stop                          */
} mye_status;

typedef struct mye_error {
    mye_status code;
    char message[400];
    char hint[200];
} mye_error;

/* "MYE_ERR_SHAPE" and so on; never NULL. */
MYE_API const char *mye_status_name(mye_status code);

/* Fills *err (may be NULL) and returns `code`, so that callers write `return mye_fail(...)`. */
MYE_API mye_status mye_fail(mye_error *err, mye_status code, const char *format, ...)
    MYE_PRINTF(3, 4);

/* Sets the hint of an error that was already filled; returns err's code (MYE_OK if NULL). */
MYE_API mye_status mye_hint(mye_error *err, const char *format, ...) MYE_PRINTF(2, 3);

#define MYE_TRY(call)                          \
    do {                                       \
        const mye_status try_status_ = (call); \
        if (try_status_ != MYE_OK)             \
            return try_status_;                \
    } while (0)

#ifdef __cplusplus
}
#endif
#endif
