/* One run of a comparison, in a process of its own. */
#include "compare.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static double mean_rate(const mye_epoch_result *r)
{
    double sum = 0;
    for (int i = 0; i < r->n_rates; i++)
        sum += r->rate[i];
    return r->n_rates > 0 ? sum / r->n_rates : 0;
}

/* Firing rate of each layer as one line; what has no room is counted. */
static void describe_rates(const mye_epoch_result *r, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < r->n_rates; i++) {
        if (used + strlen(r->rate_name[i]) + 40 > size) {
            snprintf(out + used, size - used, "  and %d more", r->n_rates - i);
            return;
        }
        used += (size_t)snprintf(out + used, size - used, "%s%s %.3f", i > 0 ? "  " : "",
                                 r->rate_name[i], r->rate[i]);
    }
}

static void collect(const mye_train_result *r, const mye_plan *plan, cli_outcome *out)
{
    out->accuracy = r->last.test_accuracy;
    out->best_accuracy = r->best_test_accuracy;
    out->images_per_s = r->images_per_s;
    out->train_s = r->train_s;
    out->rate = mean_rate(&r->last);
    describe_rates(&r->last, out->rates, sizeof(out->rates));
    out->planned = (double)r->planned_bytes;
    out->allocated = (double)r->allocated_bytes - (double)r->data_bytes;
    out->data = (double)r->data_bytes;
    out->kept = (double)plan->kept_bytes;
    out->cosine = (double)plan->cosine_bytes;
    out->alone = out->planned - out->cosine;
    out->peak_rss = (double)r->peak_rss_bytes;
    out->macs = plan->macs;
    out->modules = plan->modules;
    out->visited = r->visited;
}

static void train(cli *app, const mye_config *config, bool resume, cli_outcome *out)
{
    mye_error err = {0};
    mye_trainer *trainer = NULL;
    mye_train_result result = {0};
    cli_progress progress;
    cli_progress_init(&progress, app, false);
    mye_status st =
        mye_trainer_create(app->ctx, config, resume, &progress.callbacks, &trainer, &err);
    if (st == MYE_OK)
        st = mye_trainer_run(trainer, &result, &err);
    cli_progress_clear(&progress);
    if (st == MYE_OK)
        collect(&result, mye_trainer_plan(trainer), out);
    out->status = st;
    snprintf(out->message, sizeof(out->message), "%s", err.message);
    mye_trainer_free(trainer);
}

/* The child's life: one run, its cli_outcome through the pipe. */
static void be_the_run(cli *app, const mye_config *config, bool resume, int pipe_end)
{
    cli_outcome mine = {.status = MYE_ERR_NOMEM};
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (cli_open(app, config) == CLI_EXIT_OK)
        train(app, config, resume, &mine);
    if (app->ctx)
        cli_close(app);
    const bool sent = write(pipe_end, &mine, sizeof(mine)) == (ssize_t)sizeof(mine);
    _exit(sent ? CLI_EXIT_OK : CLI_EXIT_FAILED);
}

static void wait_for(pid_t child, int pipe_end, cli_outcome *out)
{
    cli_outcome got;
    ssize_t n;
    int status = 0;
    do
        n = read(pipe_end, &got, sizeof(got));
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)sizeof(got))
        *out = got;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == CLI_EXIT_INTERRUPTED)
        out->status = MYE_ERR_CANCELLED;
}

/* Ctrl-C reaches the child, which finishes its step; the parent waits for it. */
void cli_run_apart(cli *app, const mye_config *config, bool resume, cli_outcome *out)
{
    int ends[2];
    *out = (cli_outcome){.status = MYE_ERR_STATE, .message = "the run ended without a result"};
    fflush(NULL);
    if (pipe(ends) != 0)
        return;
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        be_the_run(app, config, resume, ends[1]);
    }
    close(ends[1]);
    if (child > 0) {
        signal(SIGINT, SIG_IGN);
        wait_for(child, ends[0], out);
        signal(SIGINT, SIG_DFL);
    }
    close(ends[0]);
}
