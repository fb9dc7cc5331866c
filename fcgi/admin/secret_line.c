#include "fcgi/admin/secret_line.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>
#include "fcgi/verbs.h"

// Signals that would end or stop the process while the terminal does not echo.
static const int caught[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
#define CAUGHT_COUNT (sizeof caught / sizeof *caught)

static volatile sig_atomic_t pending; // the signal that came; 0: none

static void note_signal(int signal)
{
	pending = signal;
}

// What the terminal and the process were before the prompt.
struct prompt {
	bool terminal;
	struct termios termios;
	sigset_t mask;
	struct sigaction actions[CAUGHT_COUNT];
};

// Blocks the signals: they come in only while read_byte waits. One that is ignored stays so.
static void catch_signals(struct prompt *before)
{
	const struct sigaction note = {.sa_handler = note_signal};
	sigset_t blocked;

	pending = 0;
	sigemptyset(&blocked);
	for (size_t i = 0; i < CAUGHT_COUNT; i++)
		sigaddset(&blocked, caught[i]);
	sigprocmask(SIG_BLOCK, &blocked, &before->mask);
	for (size_t i = 0; i < CAUGHT_COUNT; i++) {
		sigaction(caught[i], &note, &before->actions[i]);
		if (before->actions[i].sa_handler == SIG_IGN)
			sigaction(caught[i], &before->actions[i], NULL);
	}
}

static void begin_prompt(struct prompt *before, const char *text)
{
	struct termios quiet;

	before->terminal = tcgetattr(STDIN_FILENO, &before->termios) == 0;
	if (!before->terminal)
		return;
	catch_signals(before);
	fputs(text, stderr);
	quiet = before->termios;
	quiet.c_lflag &= (tcflag_t)~ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
}

static void end_prompt(const struct prompt *before)
{
	if (!before->terminal)
		return;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before->termios);
	fputc('\n', stderr);
	for (size_t i = 0; i < CAUGHT_COUNT; i++)
		sigaction(caught[i], &before->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

// Returns what read does: 1, 0 at the end, -1 with errno, which is EINTR after a signal.
static ssize_t read_byte(const struct prompt *before, char *out)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	if (before->terminal && ppoll(&in, 1, NULL, &before->mask) < 0)
		return -1;
	return read(STDIN_FILENO, out, 1);
}

// By read, not by stdio, whose buffer would keep a copy. Returns 0 or the error number.
static int read_line(const struct prompt *before, struct rd_secret_line *out)
{
	for (out->len = 0; out->len < sizeof out->text; out->len++) {
		const ssize_t n = read_byte(before, &out->text[out->len]);

		if (n < 0)
			return errno;
		if (n == 0 || out->text[out->len] == '\n')
			break;
	}
	return 0;
}

int rd_secret_line_read(const char *prompt, struct rd_secret_line *out)
{
	struct prompt before;
	int error;

	do {
		begin_prompt(&before, prompt);
		error = read_line(&before, out);
		end_prompt(&before);
		if (error)
			rd_secret_line_wipe(out);
		if (error == EINTR && before.terminal)
			raise(pending); // ends or stops us; a process that goes on is asked again
	} while (error == EINTR);
	return error ? rd_complain(1, "stdin: %s", strerror(error)) : 0;
}
