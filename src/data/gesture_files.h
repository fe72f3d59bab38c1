/* The small text files of DVS-Gesture: which recordings a split has, and where trials begin and end. */
#ifndef MYE_GESTURE_FILES_H
#define MYE_GESTURE_FILES_H

#include "data/names.h"

#define MYE_GESTURE_CLASSES 11

typedef struct mye_gesture_trial {
    int label; /* [0, 11) */
    int64_t start_us, end_us;
} mye_gesture_trial;

/* Lines of trials_to_train.txt: names of .aedat files, one a line; no folders in them. */
mye_status mye_gesture_list(const char *name, const char *text, mye_names *out, mye_error *err);
/*
 * Lines of NAME_labels.csv: class,startTime_usec,endTime_usec after a line of headings; classes from
 * 1. Writes at most `room` trials, and how many there are to *n.
 */
mye_status mye_gesture_labels(const char *name, const char *text, int room,
                              mye_gesture_trial *trial, int *n, mye_error *err);

#endif
