// SPDX-License-Identifier: GPL-2.0-only
/*
 * Helper processes that use a buffer beside the test process. Each helper does its job
 * until the test process sends one byte, the outcome. The helper then checks its part
 * and answers with the number of errors.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib-scene.h"

#define QUIT		127	/* instead of an outcome */
#define LAST_STEPS	5.0	/* seconds in which a step must fail */

static int ask(int socket, char question)
{
	char answer;

	if (write(socket, &question, 1) != 1 || read(socket, &answer, 1) != 1)
		return differs("answers of a helper", 1, 0);
	return answer;
}

static void answer(int socket, char wrong)
{
	if (write(socket, &wrong, 1) != 1)
		_exit(1);
}

static bool is_asked(int socket, bool wait)
{
	struct pollfd wanted = { .fd = socket, .events = POLLIN };

	return poll(&wanted, 1, wait ? -1 : 0) == 1;
}

/* Continue the job for a while, because it may not have met the event yet. */
static int judge(struct scene *scene, const struct job *job,
		 enum outcome outcome, int ended)
{
	double end = seconds() + LAST_STEPS;
	int wrong = 0;
	unsigned int nth;

	if (job->step && outcome >= job->ended_by) {
		for (nth = 0; !ended && seconds() < end; nth++)
			ended = job->step(scene, nth);
		wrong = differs("what ended it", job->error, ended);
	} else if (job->step) {
		wrong = differs("what ended it", 0, ended);
	}
	return wrong + job->check(scene, outcome);
}

static void serve(struct scene *scene, const struct job *job, int socket)
{
	unsigned int nth = 0;
	int ended = 0;
	char outcome;

	answer(socket, job->start ? job->start(scene) : 0);
	for (;;) {
		if (!is_asked(socket, !job->step || ended)) {
			ended = job->step(scene, nth++);
			continue;
		}
		if (read(socket, &outcome, 1) != 1 || outcome == QUIT)
			_exit(0);
		answer(socket, judge(scene, job, outcome, ended));
	}
}

/* Return 0 or an errno, after the helper has begun to work. */
int helper_start(struct scene *scene, const struct job *job)
{
	struct helper *helper = &scene->helpers[scene->nr_helpers];
	char ready = EPIPE;
	int sockets[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		return errno;
	fflush(stdout);
	helper->pid = fork();
	if (!helper->pid) {
		close(sockets[0]);
		serve(scene, job, sockets[1]);
	}
	close(sockets[1]);
	helper->socket = sockets[0];
	scene->nr_helpers++;
	if (read(helper->socket, &ready, 1) != 1)
		return EPIPE;
	return ready;
}

int helpers_check(struct scene *scene, enum outcome outcome)
{
	unsigned int i;
	int wrong = 0;

	for (i = 0; i < scene->nr_helpers; i++)
		wrong += ask(scene->helpers[i].socket, outcome);
	return wrong;
}

/*
 * Send QUIT: closing the socket is not enough, since other processes may have inherited
 * it.
 */
int helpers_end(struct scene *scene)
{
	const char quit = QUIT;
	int status, wrong = 0;

	while (scene->nr_helpers) {
		struct helper *helper = &scene->helpers[--scene->nr_helpers];

		wrong += differs("bytes to a helper", 1,
				 write(helper->socket, &quit, 1));
		close(helper->socket);
		status = -1;
		waitpid(helper->pid, &status, 0);
		wrong += differs("status of a helper", 0, status);
	}
	return wrong;
}
