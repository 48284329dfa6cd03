/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Gates, in a debug build: points where whoever comes by waits as long as a test
 * keeps the gate closed, so that what must not come in between can be tried there.
 * Each is a file in debugfs, pcibuf/NAME, 1 closed, 0 open.
 */
#ifndef PCIBUF_GATES_H
#define PCIBUF_GATES_H

/**
 * enum pcibuf_gate - where one can be made to wait
 * @PCIBUF_GATE_FAULT: a fault found the buffer alive, and has not locked the page
 * @PCIBUF_GATE_LOCKED: it has locked the page, which is not mapped yet
 * @PCIBUF_GATE_WINDOW: a fault found the buffer alive, and has mapped nothing
 * @PCIBUF_GATE_MMAP: ->mmap is done, but nobody can find the area yet
 * @PCIBUF_GATE_COPY: a read or write has looked up the memory, not yet copied
 * @PCIBUF_GATE_ALLOC: a buffer has its memory, but is not there yet
 * @PCIBUF_GATE_FREE: a buffer is dead, but still has its memory
 * @PCIBUF_GATE_RELEASE: memory is about to go back to the system
 * @PCIBUF_GATE_RELEASED: it has gone
 * @PCIBUF_NR_GATES: how many
 */
enum pcibuf_gate {
	PCIBUF_GATE_FAULT,
	PCIBUF_GATE_LOCKED,
	PCIBUF_GATE_WINDOW,
	PCIBUF_GATE_MMAP,
	PCIBUF_GATE_COPY,
	PCIBUF_GATE_ALLOC,
	PCIBUF_GATE_FREE,
	PCIBUF_GATE_RELEASE,
	PCIBUF_GATE_RELEASED,
	PCIBUF_NR_GATES
};

#ifdef CONFIG_PCIBUF_DEBUG
void pcibuf_gates_init(void);
void pcibuf_gates_exit(void);
void pcibuf_gate(enum pcibuf_gate gate);
#else
static inline void pcibuf_gates_init(void) { }
static inline void pcibuf_gates_exit(void) { }
static inline void pcibuf_gate(enum pcibuf_gate gate) { }
#endif

#endif /* PCIBUF_GATES_H */
