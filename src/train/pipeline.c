/* Pipeline: see pipeline.h. */
#include "train/pipeline.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

enum { MAX_STAGES = 64, PER_STAGE = 2 };

typedef struct packet {
    mye_pipeline_batch batch;
    int32_t *label, *label_b;
    float *mix, *weight, *per_sample, *image;
    void *border[MAX_STAGES]; /* behind stage s */
    double loss, squares;
    int64_t correct;
    mye_status status;
    mye_error err;
} packet;

/* First in, first out; never more than there are packets. */
typedef struct queue {
    packet *item[PER_STAGE * MAX_STAGES];
    int first, n;
} queue;

typedef struct stage {
    mye_pipeline *p;
    mye_context *ctx;
    mye_run *run;
    int index, first, n; /* modules */
    pthread_t thread;
    bool is_running;
    packet *at; /* the batch at work */
} stage;

struct mye_pipeline {
    mye_context *ctx;
    const mye_model *model;
    const mye_stepper *stepper;
    mye_pipeline_options options;
    int n_stages, n_packets, under_way;
    stage stage[MAX_STAGES];
    packet *packet;                /* [n_packets] */
    packet *taken;                 /* whose result the caller looks at */
    queue waiting[MAX_STAGES + 1]; /* before each stage; behind the last */
    queue idle;
    bool stop;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

/* ---- queues ---- */

static void push(queue *q, packet *item)
{
    q->item[(q->first + q->n++) % (PER_STAGE * MAX_STAGES)] = item;
}

static packet *pop(queue *q)
{
    packet *item = q->item[q->first];
    q->first = (q->first + 1) % (PER_STAGE * MAX_STAGES);
    q->n--;
    return item;
}

/* The next packet of a queue; NULL when the pipeline ends. */
static packet *wait_for(mye_pipeline *p, queue *q)
{
    pthread_mutex_lock(&p->lock);
    while (q->n == 0 && !p->stop)
        pthread_cond_wait(&p->changed, &p->lock);
    packet *item = q->n > 0 ? pop(q) : NULL;
    pthread_mutex_unlock(&p->lock);
    return item;
}

static void hand_on(mye_pipeline *p, queue *q, packet *item)
{
    pthread_mutex_lock(&p->lock);
    push(q, item);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

/* ---- stages ---- */

static void move(void *self, int module)
{
    stage *s = self;
    const mye_pipeline *p = s->p;
    const double norm =
        mye_stepper_move(p->stepper, s->ctx, module, s->at->batch.when, p->options.clip);
    s->at->squares += norm * norm;
}

static void work(stage *s, packet *at)
{
    const mye_pipeline *p = s->p;
    const bool is_last = s->index == p->n_stages - 1;
    mye_step_result r;
    s->at = at;
    mye_run_set_border(s->run, s->index > 0 ? at->border[s->index - 1] : NULL,
                       is_last ? NULL : at->border[s->index]);
    at->status = mye_run_step(s->run, at->batch.B, at->batch.source, &at->batch.target,
                              at->batch.seed, &r, &at->err);
    if (at->status != MYE_OK || !is_last)
        return;
    at->loss = r.loss;
    at->correct = r.correct;
    memcpy(at->per_sample, r.per_sample, (size_t)at->batch.B * sizeof(float));
}

static void *run_stage(void *self)
{
    stage *s = self;
    mye_pipeline *p = s->p;
    for (packet *at; (at = wait_for(p, &p->waiting[s->index])) != NULL;) {
        if (at->status == MYE_OK)
            work(s, at);
        hand_on(p, &p->waiting[s->index + 1], at);
    }
    return NULL;
}

/* ---- making one ---- */

static double module_macs(const mye_model *model, int k)
{
    double macs = 0;
    for (int i = model->module[k].first; i <= model->module[k].last; i++) {
        mye_ops ops = {0};
        if (model->node[i]->type->count != NULL)
            model->node[i]->type->count(model->node[i], &ops);
        macs += ops.macs;
    }
    return macs;
}

/* Each stage takes modules until its share of the work is reached, and leaves one for each behind it. */
static void divide(mye_pipeline *p)
{
    const int K = p->model->n_modules;
    double total = 0, done = 0;
    for (int k = 0; k < K; k++)
        total += module_macs(p->model, k);
    int k = 0;
    for (int i = 0; i < p->n_stages; i++) {
        stage *s = &p->stage[i];
        const int end = K - (p->n_stages - 1 - i);
        const double share = total * (i + 1) / p->n_stages;
        s->first = k;
        do
            done += module_macs(p->model, k++);
        while (k < end && (i == p->n_stages - 1 || done + module_macs(p->model, k) / 2 < share));
        s->n = k - s->first;
    }
}

static mye_status make_stage(mye_pipeline *p, stage *s, mye_error *err)
{
    mye_context_options own = MYE_CONTEXT_OPTIONS;
    own.threads = p->options.threads;
    own.kernels = mye_context_kernels(p->ctx);
    MYE_TRY(mye_context_create(&own, &s->ctx, err));
    mye_run_options o = p->options.run;
    o.immediate = true;
    o.first_module = s->first;
    o.n_modules = s->n;
    MYE_TRY(mye_run_create(s->ctx, p->model, &o, &s->run, err));
    mye_run_set_move(s->run, move, s);
    return MYE_OK;
}

static mye_status make_packet(mye_pipeline *p, packet *a, mye_error *err)
{
    const size_t B = (size_t)p->options.run.B;
    const size_t pixels = B * (size_t)mye_shape_size(p->model->node[0]->shape);
    a->label = mye_alloc_array(p->ctx, 2 * B, sizeof *a->label);
    a->mix = mye_alloc_array(p->ctx, 3 * B, sizeof *a->mix);
    a->image = mye_alloc_array(p->ctx, pixels, sizeof *a->image);
    bool there = a->label != NULL && a->mix != NULL && a->image != NULL;
    for (int s = 0; s + 1 < p->n_stages; s++) {
        a->border[s] = mye_alloc_big_zero(p->ctx, mye_run_border_bytes(p->stage[s].run, true));
        there = there && a->border[s] != NULL;
    }
    if (!there)
        return mye_no_memory(err, pixels * sizeof(float), "the packets of a pipeline");
    a->label_b = a->label + B;
    a->weight = a->mix + B;
    a->per_sample = a->weight + B;
    push(&p->idle, a);
    return MYE_OK;
}

static mye_status make(mye_pipeline *p, mye_error *err)
{
    divide(p);
    for (int i = 0; i < p->n_stages; i++)
        MYE_TRY(make_stage(p, &p->stage[i], err));
    p->packet = mye_alloc_array(p->ctx, (size_t)p->n_packets, sizeof *p->packet);
    if (p->packet == NULL)
        return mye_no_memory(err, (size_t)p->n_packets * sizeof *p->packet, "a pipeline");
    for (int i = 0; i < p->n_packets; i++)
        MYE_TRY(make_packet(p, &p->packet[i], err));
    if (!*p->model->grad_is_clear)
        memset(p->model->grad, 0, p->model->n_grads * sizeof(float));
    *p->model->grad_is_clear = true; /* each move of a module's weights leaves it so */
    for (int i = 0; i < p->n_stages; i++) {
        if (pthread_create(&p->stage[i].thread, NULL, run_stage, &p->stage[i]) != 0)
            return mye_fail(err, MYE_ERR_STATE, "the system gives no thread for stage %d of %d",
                            i + 1, p->n_stages);
        p->stage[i].is_running = true;
    }
    return MYE_OK;
}

mye_status mye_pipeline_create(mye_context *ctx, const mye_model *model, const mye_stepper *stepper,
                               const mye_pipeline_options *options, mye_pipeline **out,
                               mye_error *err)
{
    *out = NULL;
    const int n = options->stages;
    if (n < 1 || n > model->n_modules || n > MAX_STAGES)
        return mye_fail(err, MYE_ERR_ARG,
                        "a pipeline wants 1 to %d stages (the network has %d modules), got %d",
                        model->n_modules < MAX_STAGES ? model->n_modules : MAX_STAGES,
                        model->n_modules, n);
    mye_pipeline *p = mye_alloc(ctx, sizeof *p);
    if (p == NULL)
        return mye_no_memory(err, sizeof *p, "a pipeline");
    p->ctx = ctx;
    p->model = model;
    p->stepper = stepper;
    p->options = *options;
    p->n_stages = n;
    p->n_packets = PER_STAGE * n;
    for (int i = 0; i < n; i++) {
        p->stage[i].p = p;
        p->stage[i].index = i;
    }
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    const mye_status status = make(p, err);
    if (status != MYE_OK)
        mye_pipeline_free(p);
    else
        *out = p;
    return status;
}

void mye_pipeline_free(mye_pipeline *p)
{
    if (p == NULL)
        return;
    mye_status status;
    mye_pipeline_result result;
    while (mye_pipeline_take(p, &result, &status, NULL)) {
    }
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->n_stages; i++) {
        if (p->stage[i].is_running)
            pthread_join(p->stage[i].thread, NULL);
        mye_run_free(p->stage[i].run);
        mye_context_free(p->stage[i].ctx);
    }
    for (int i = 0; p->packet != NULL && i < p->n_packets; i++) {
        mye_free(p->ctx, p->packet[i].label);
        mye_free(p->ctx, p->packet[i].mix);
        mye_free(p->ctx, p->packet[i].image);
        for (int s = 0; s + 1 < p->n_stages; s++)
            mye_free(p->ctx, p->packet[i].border[s]);
    }
    mye_free(p->ctx, p->packet);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->changed);
    mye_free(p->ctx, p);
}

/* ---- batches ---- */

bool mye_pipeline_has_room(const mye_pipeline *p)
{
    return p->idle.n > 0;
}

static const void *keep(void *to, const void *from, size_t bytes)
{
    return from == NULL ? NULL : memcpy(to, from, bytes);
}

void mye_pipeline_put(mye_pipeline *p, const mye_pipeline_batch *batch)
{
    packet *a = pop(&p->idle);
    const size_t B = (size_t)batch->B;
    mye_target *t = &a->batch.target;
    a->batch = *batch;
    t->label = keep(a->label, t->label, B * sizeof *a->label);
    t->label_b = keep(a->label_b, t->label_b, B * sizeof *a->label);
    t->mix = keep(a->mix, t->mix, B * sizeof(float));
    t->weight = keep(a->weight, t->weight, B * sizeof(float));
    t->image = keep(a->image, t->image, B * (size_t)t->image_n * sizeof(float));
    a->status = MYE_OK;
    a->squares = 0;
    p->under_way++;
    hand_on(p, &p->waiting[0], a);
}

bool mye_pipeline_take(mye_pipeline *p, mye_pipeline_result *out, mye_status *status,
                       mye_error *err)
{
    if (p->taken != NULL)
        push(&p->idle, p->taken);
    p->taken = NULL;
    if (p->under_way == 0)
        return false;
    packet *a = wait_for(p, &p->waiting[p->n_stages]);
    if (a == NULL) /* it ends: not while batches are under way */
        return false;
    p->under_way--;
    p->taken = a;
    *status = a->status;
    if (a->status != MYE_OK && err != NULL)
        *err = a->err;
    *out = (mye_pipeline_result){.loss = a->loss,
                                 .norm = sqrt(a->squares),
                                 .correct = a->correct,
                                 .per_sample = a->per_sample,
                                 .B = a->batch.B,
                                 .self = a->batch.self};
    return true;
}

int mye_pipeline_first(const mye_pipeline *p, int index)
{
    return index < p->n_stages ? p->stage[index].first : p->model->n_modules;
}
