// First in, first out: a struct with the pointers first and last to elements that have a pointer
// next. All zero is an empty one; last is read only while there is a first. The elements stay the
// caller's.
#pragma once
#include <stddef.h>

// element: a pointer in a variable.
#define rd_queue_push(queue, element)                    \
	do {                                             \
		(element)->next = NULL;                  \
		if ((queue)->first)                      \
			(queue)->last->next = (element); \
		else                                     \
			(queue)->first = (element);      \
		(queue)->last = (element);               \
	} while (0)

// Takes the oldest. Returns NULL when there is none.
#define rd_queue_pop(queue)                                      \
	({                                                       \
		typeof((queue)->first) oldest_ = (queue)->first; \
		if (oldest_)                                     \
			(queue)->first = oldest_->next;          \
		oldest_;                                         \
	})
